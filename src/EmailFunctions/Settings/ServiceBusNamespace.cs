using EmailFunctions.Queueing.ServiceBus;

namespace EmailFunctions.Settings;

/// <summary>A Service Bus namespace: what its connection string says, or its host for an identity.</summary>
internal sealed record ServiceBusNamespace(ServiceBusOptions? Connection, string? Host)
{
    private const string Name = "ServiceBus";

    /// <summary>Where both are set, the connection string counts, as it does for the Functions host.</summary>
    public static ServiceBusNamespace Read(SettingsReader reader)
    {
        if (reader.Text(Name) is { } connection)
            return new ServiceBusNamespace(ReadConnection(reader, connection), null);
        var host = reader.Text(Name + ":fullyQualifiedNamespace");
        if (host is null)
            reader.Reject(Name, "must be a connection string, or ServiceBus__fullyQualifiedNamespace the namespace's host, such as mine.servicebus.windows.net");
        else if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
            reader.Reject(Name + "__fullyQualifiedNamespace", "must be a host such as mine.servicebus.windows.net");
        return new ServiceBusNamespace(null, host);
    }

    private static ServiceBusOptions? ReadConnection(SettingsReader reader, string text)
    {
        try
        {
            var options = ServiceBusOptions.Parse(text);
            // Other brokers have no messages for later, on which limits and retries rest.
            if (!options.IsServiceBus)
                reader.Reject(Name, "must be of Service Bus or its emulator");
            return options;
        }
        catch (FormatException exception)
        {
            reader.Reject(Name, "can't be used: " + exception.Message.TrimEnd('.'));
            return null;
        }
    }
}
