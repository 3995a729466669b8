namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>Reads connection strings. What is wrong is said without a word of what they hold.</summary>
internal static class ServiceBusConnectionString
{
    private const int Plain = 5672;
    private const int Tls = 5671;

    // A connection string may name an entity; the queue's name comes from the service, so it is not used.
    private static readonly string[] Known = ["Endpoint", "SharedAccessKeyName", "SharedAccessKey", "EntityPath", "UseDevelopmentEmulator"];

    public static ServiceBusOptions Parse(string text)
    {
        var parts = Split(text);
        if (!Uri.TryCreate(parts.GetValueOrDefault("Endpoint"), UriKind.Absolute, out var endpoint) || endpoint.Host.Length == 0)
            throw new FormatException("A Service Bus connection string needs an Endpoint with a scheme and a host.");
        return endpoint.Scheme switch
        {
            "sb" => ServiceBus(endpoint, parts),
            "amqp" => Broker(endpoint, useTls: false),
            "amqps" => Broker(endpoint, useTls: true),
            _ => throw new FormatException("The Endpoint of a Service Bus connection string begins with sb://, amqp:// or amqps://."),
        };
    }

    private static Dictionary<string, string> Split(string text)
    {
        var parts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // Keys are base64, which may end with this sign.
            var at = part.IndexOf('=', StringComparison.Ordinal);
            if (at < 1 || !Known.Contains(part[..at], StringComparer.OrdinalIgnoreCase) || !parts.TryAdd(part[..at], part[(at + 1)..]))
                throw new FormatException($"A Service Bus connection string consists of NAME=VALUE parts, each once, with these names: {string.Join(", ", Known)}.");
        }

        return parts;
    }

    private static ServiceBusOptions ServiceBus(Uri endpoint, Dictionary<string, string> parts)
    {
        var rule = parts.GetValueOrDefault("SharedAccessKeyName", "");
        var key = parts.GetValueOrDefault("SharedAccessKey", "");
        if (rule.Length == 0 || key.Length == 0)
            throw new FormatException("A Service Bus connection string needs SharedAccessKeyName and SharedAccessKey.");
        var isEmulator = parts.TryGetValue("UseDevelopmentEmulator", out var value) && value.Equals("true", StringComparison.OrdinalIgnoreCase);
        return new ServiceBusOptions
        {
            Host = endpoint.Host,
            Port = PortOf(endpoint, isEmulator ? Plain : Tls),
            UseTls = !isEmulator,
            Key = new SharedAccessKey(rule, key),
        };
    }

    private static ServiceBusOptions Broker(Uri endpoint, bool useTls) => new()
    {
        Host = endpoint.Host,
        Port = PortOf(endpoint, useTls ? Tls : Plain),
        UseTls = useTls,
        Login = endpoint.UserInfo.Split(':', 2) is [{ Length: > 0 } user, var password]
            ? new BrokerLogin(Uri.UnescapeDataString(user), Uri.UnescapeDataString(password))
            : null,
    };

    private static int PortOf(Uri endpoint, int usual) => endpoint.Port > 0 ? endpoint.Port : usual;
}
