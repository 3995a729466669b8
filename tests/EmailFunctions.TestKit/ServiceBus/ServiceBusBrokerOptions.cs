namespace EmailFunctions.TestKit.ServiceBus;

/// <summary>How a broker behaves.</summary>
public sealed record ServiceBusBrokerOptions
{
    /// <summary>Speak TLS, with a certificate of its own for <c>localhost</c> and 127.0.0.1.</summary>
    public bool UseTls { get; init; }

    /// <summary>
    /// Which tokens count: a token's type and text in, when it ends out, null where it is not good. Without it links need no token,
    /// and every token is good for an hour.
    /// </summary>
    public Func<ServiceBusToken, DateTimeOffset?>? CheckToken { get; init; }

    /// <summary>A link that is not used for so long is detached with <c>amqp:link:detach-forced</c>; null: never.</summary>
    public TimeSpan? LinkIdleTimeout { get; init; }

    /// <summary>User and password for SASL PLAIN, which is then offered beside ANONYMOUS; null: not offered.</summary>
    public (string User, string Password)? PlainLogin { get; init; }
}
