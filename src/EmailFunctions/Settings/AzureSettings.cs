using EmailFunctions.Keys.KeyVault;

namespace EmailFunctions.Settings;

/// <summary>
/// What the service needs to know in Azure. Connections are named as the Functions host names them, so that one setting serves both:
/// a connection string under the name, or the parts of an identity's connection below it (<c>AzureWebJobsStorage__accountName</c>).
/// </summary>
/// <param name="Port">Where the host calls this process, on 127.0.0.1.</param>
/// <param name="Storage">The storage account.</param>
/// <param name="Queue">The kind of queue.</param>
/// <param name="ServiceBus">The namespace; null with another kind of queue.</param>
/// <param name="KeyVaultKey">The key-encryption key; null: <c>EMAIL_ENCRYPTION_KEY</c>, with development storage alone.</param>
internal sealed record AzureSettings(int Port, StorageAccount Storage, QueueKind Queue, ServiceBusNamespace? ServiceBus, KeyVaultAddress? KeyVaultKey)
{
    private const string StorageName = "AzureWebJobsStorage";
    private const string ServiceBusName = "ServiceBus";
    private const string KeyName = "EMAIL_KEY_VAULT_KEY";
    private const string PortName = "FUNCTIONS_CUSTOMHANDLER_PORT";

    public string Url => $"http://127.0.0.1:{Port}";

    public static AzureSettings Read(SettingsReader reader, bool hasEncryptionKey)
    {
        if (reader.Text(PortName) is null)
            reader.Reject(PortName, "is set by the Functions host, under which the service runs when EMAIL_MODE is azure; on a desk: func start");
        var storage = ReadStorage(reader);
        var queue = reader.Choice("EMAIL_QUEUE", QueueKind.ServiceBus, ("servicebus", QueueKind.ServiceBus), ("storagequeue", QueueKind.StorageQueue));
        return new AzureSettings(
            reader.Number(PortName, 1, 1, 65_535),
            storage,
            queue,
            queue == QueueKind.ServiceBus ? ReadServiceBus(reader) : null,
            ReadKey(reader, storage.IsDevelopment, hasEncryptionKey));
    }

    private static StorageAccount ReadStorage(SettingsReader reader)
    {
        if (reader.Text(StorageName) is { } connection)
            return new StorageAccount(connection, null, null, null);
        var account = reader.Text(StorageName + ":accountName");
        var (tables, blobs, queues) = (Part("table"), Part("blob"), Part("queue"));
        if (tables is null || blobs is null || queues is null)
            reader.Reject(StorageName, "must be a connection string, or AzureWebJobsStorage__accountName the account's name");
        return new StorageAccount(null, tables, blobs, queues);

        Uri? Part(string service) => ReadUri(
            reader, $"{StorageName}:{service}ServiceUri", account is null ? null : $"https://{account}.{service}.core.windows.net");
    }

    private static ServiceBusNamespace ReadServiceBus(SettingsReader reader)
    {
        var connection = reader.Text(ServiceBusName);
        var name = reader.Text(ServiceBusName + ":fullyQualifiedNamespace");
        if (connection is null && (name is null || Uri.CheckHostName(name) == UriHostNameType.Unknown))
            reader.Reject(ServiceBusName, "must be a connection string, or ServiceBus__fullyQualifiedNamespace the namespace's host, such as mine.servicebus.windows.net");
        return new ServiceBusNamespace(connection, name);
    }

    private static KeyVaultAddress? ReadKey(SettingsReader reader, bool isDevelopment, bool hasEncryptionKey)
    {
        if (reader.Text(KeyName) is not { } text)
        {
            if (!isDevelopment || !hasEncryptionKey)
                reader.Reject(KeyName, "must be the address of a key, such as https://mine.vault.azure.net/keys/email; only with development storage may EMAIL_ENCRYPTION_KEY stand in for it");
            return null;
        }

        if (!KeyVaultAddress.TryParse(text, allowLoopbackHttp: isDevelopment, out var address, out var mistake))
            reader.Reject(KeyName, "can't be used: " + mistake.TrimEnd('.'));
        return address;
    }

    private static Uri? ReadUri(SettingsReader reader, string name, string? fallback)
    {
        if ((reader.Text(name) ?? fallback) is not { } text)
            return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.IsLoopback))
            return uri;
        reader.Reject(name.Replace(":", "__", StringComparison.Ordinal), "must be an https URL");
        return null;
    }
}

/// <summary>A storage account: a connection string, or where its services are for an identity.</summary>
internal sealed record StorageAccount(string? ConnectionString, Uri? Tables, Uri? Blobs, Uri? Queues)
{
    /// <summary>Whether it is the account that every emulator has, whose key is public.</summary>
    public bool IsDevelopment => ConnectionString is { } connection
        && (connection.Contains("UseDevelopmentStorage=true", StringComparison.OrdinalIgnoreCase) || connection.Contains("AccountName=devstoreaccount1;", StringComparison.OrdinalIgnoreCase));
}

/// <summary>A Service Bus namespace: a connection string, or its host for an identity.</summary>
internal sealed record ServiceBusNamespace(string? ConnectionString, string? Host);
