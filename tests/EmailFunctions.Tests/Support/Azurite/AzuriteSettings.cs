namespace EmailFunctions.Tests.Support.Azurite;

/// <summary>Where Azurite is: named by the environment, or built from the addresses of one that was started.</summary>
internal static class AzuriteSettings
{
    /// <summary>Names a whole connection string.</summary>
    public const string ConnectionString = "AZURITE_CONNECTION_STRING";

    // Azurite's documented account, the same in every Azurite of the world.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// <summary>The connection string of the environment, or of its three endpoints; null where it names none.</summary>
    public static string? Read()
    {
        if (Get(ConnectionString) is { } connectionString)
            return connectionString;
        return Get("AZURITE_BLOB_ENDPOINT") is { } blobs && Get("AZURITE_QUEUE_ENDPOINT") is { } queues && Get("AZURITE_TABLE_ENDPOINT") is { } tables
            ? Of(blobs, queues, tables)
            : null;
    }

    /// <summary>From the addresses of the three services, with or without the account's name at the end.</summary>
    public static string Of(string blobs, string queues, string tables) =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};"
        + $"BlobEndpoint={WithAccount(blobs)};QueueEndpoint={WithAccount(queues)};TableEndpoint={WithAccount(tables)};";

    private static string WithAccount(string endpoint)
    {
        endpoint = endpoint.TrimEnd('/');
        return endpoint.EndsWith(Account, StringComparison.Ordinal) ? endpoint : $"{endpoint}/{Account}";
    }

    private static string? Get(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
