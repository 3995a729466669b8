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
    private const string KeyName = "EMAIL_KEY_VAULT_KEY";
    private const string PortName = "FUNCTIONS_CUSTOMHANDLER_PORT";

    public string Url => $"http://127.0.0.1:{Port}";

    /// <param name="reader">Reads the settings.</param>
    /// <param name="encryptionKey">The setting that holds a key itself, instead of naming one.</param>
    public static AzureSettings Read(SettingsReader reader, string encryptionKey)
    {
        if (reader.Text(PortName) is null)
            reader.Reject(PortName, "is set by the Functions host, under which the service runs when EMAIL_MODE is azure; on a desk: func start");
        var storage = StorageAccount.Read(reader);
        var queue = reader.Choice("EMAIL_QUEUE", QueueKind.ServiceBus, ("servicebus", QueueKind.ServiceBus), ("storagequeue", QueueKind.StorageQueue));
        return new AzureSettings(
            reader.Number(PortName, 1, 1, 65_535),
            storage,
            queue,
            queue == QueueKind.ServiceBus ? ServiceBusNamespace.Read(reader) : null,
            ReadKey(reader, storage.IsDevelopment, encryptionKey));
    }

    private static KeyVaultAddress? ReadKey(SettingsReader reader, bool isDevelopment, string encryptionKey)
    {
        var hasEncryptionKey = reader.Text(encryptionKey) is not null;
        if (reader.Text(KeyName) is not { } text)
        {
            if (!isDevelopment || !hasEncryptionKey)
                reader.Reject(KeyName, $"must be the address of a key, such as https://mine.vault.azure.net/keys/email; only with development storage may {encryptionKey} stand in for it");
            return null;
        }

        if (hasEncryptionKey)
            reader.Reject(encryptionKey, $"must be absent beside {KeyName}: one of the keys would never be used");
        if (reader.Text(KeySettings.PreviousName) is not null)
            reader.Reject(KeySettings.PreviousName, $"must be absent beside {KeyName}: the vault keeps the key's old versions itself");
        if (!KeyVaultAddress.TryParse(text, allowLoopbackHttp: isDevelopment, out var address, out var mistake))
            reader.Reject(KeyName, "can't be used: " + mistake.TrimEnd('.'));
        return address;
    }
}
