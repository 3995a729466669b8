namespace EmailFunctions.Settings;

/// <summary>A storage account: a connection string, or where its services are for an identity.</summary>
internal sealed record StorageAccount(string? ConnectionString, Uri? Tables, Uri? Blobs, Uri? Queues)
{
    private const string Name = "AzureWebJobsStorage";

    /// <summary>Whether it is the account that every emulator has, whose key is public.</summary>
    public bool IsDevelopment { get; private init; }

    public static StorageAccount Read(SettingsReader reader)
    {
        if (reader.Text(Name) is not { } connection)
            return ReadAddresses(reader);
        if (!StorageConnectionString.TryRead(connection, out var isDevelopment, out var mistake))
            reader.Reject(Name, mistake);
        return new StorageAccount(connection, null, null, null) { IsDevelopment = isDevelopment };
    }

    // The connection string holds a key.
    public override string ToString() => ConnectionString is null ? $"{Tables}" : Name;

    private static StorageAccount ReadAddresses(SettingsReader reader)
    {
        var account = reader.Text(Name + ":accountName");
        if (account is not null && !IsAccountName(account))
        {
            reader.Reject(Name + "__accountName", "must be a storage account's name: 3 to 24 of a-z and 0-9");
            account = null;
        }

        return new StorageAccount(null, Address("table"), Address("blob"), Address("queue"));

        Uri? Address(string service)
        {
            var name = $"{Name}:{service}ServiceUri";
            if (reader.Text(name) is { } text)
                return ReadAddress(reader, name, text);
            if (account is not null)
                return new Uri($"https://{account}.{service}.core.windows.net/");
            if (reader.Text(Name + ":accountName") is null)
                reader.Reject(Name, "must be a connection string, or AzureWebJobsStorage__accountName the account's name, or AzureWebJobsStorage__tableServiceUri, __blobServiceUri and __queueServiceUri its addresses");
            return null;
        }
    }

    // An identity's token goes nowhere without encryption; what an address would carry behind its path is for other ways of getting in.
    private static Uri? ReadAddress(SettingsReader reader, string name, string text)
    {
        // With a slash at the end, so that a container's name is put behind the path and not in its place.
        if (Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var uri) && uri is { Query: "", Fragment: "", UserInfo: "" } && uri.Scheme == Uri.UriSchemeHttps)
            return uri;
        reader.Reject(name.Replace(":", "__", StringComparison.Ordinal), "must be an https URL, without a query");
        return null;
    }

    // By learn.microsoft.com, "Storage account overview".
    private static bool IsAccountName(string text) => text.Length is >= 3 and <= 24 && text.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));
}
