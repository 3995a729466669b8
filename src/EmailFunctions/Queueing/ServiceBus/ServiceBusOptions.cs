using Azure.Core;

namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>Where the queue is, and how to be let in.</summary>
public sealed record ServiceBusOptions
{
    /// <summary>Host name of the namespace or broker.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port.</summary>
    public required int Port { get; init; }

    public required bool UseTls { get; init; }

    /// <summary>The identity that tokens are asked for; null where there is a key or a login.</summary>
    public TokenCredential? Credential { get; init; }

    /// <summary>A rule of shared access and its key; null where there is an identity or a login.</summary>
    public SharedAccessKey? Key { get; init; }

    /// <summary>User and password of a broker that is not Service Bus; null: anonymous there.</summary>
    public BrokerLogin? Login { get; init; }

    /// <summary>Whether it is Service Bus or its emulator, which take tokens and envelopes of many messages. Other brokers know neither, nor messages for later.</summary>
    public bool IsServiceBus => Credential is not null || Key is not null;

    /// <summary>A namespace such as <c>contoso.servicebus.windows.net</c>, with an identity.</summary>
    public static ServiceBusOptions ForNamespace(string fullyQualifiedNamespace, TokenCredential credential) =>
        new() { Host = fullyQualifiedNamespace, Port = 5671, UseTls = true, Credential = credential };

    /// <summary>
    /// Reads a connection string: of Service Bus (<c>Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…</c>), of its emulator (with
    /// <c>UseDevelopmentEmulator=true</c>: no TLS), or of another broker that speaks AMQP 1.0 (<c>Endpoint=amqp://user:password@host:port</c>).
    /// </summary>
    /// <exception cref="FormatException">It is none of these; the message holds nothing of it.</exception>
    public static ServiceBusOptions Parse(string connectionString) => ServiceBusConnectionString.Parse(connectionString);
}

/// <summary>A rule of shared access and its key.</summary>
public sealed record SharedAccessKey(string Rule, string Key)
{
    public override string ToString() => Rule;
}

/// <summary>User and password for SASL PLAIN.</summary>
public sealed record BrokerLogin(string User, string Password)
{
    public override string ToString() => User;
}
