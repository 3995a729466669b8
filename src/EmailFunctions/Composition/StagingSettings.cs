namespace EmailFunctions.Composition;

/// <summary>
/// Settings under which the functions are listed: no part opens, makes or calls anything with them. On the machine that builds there may
/// be settings that are wrong there, or a data folder that a running service holds.
/// </summary>
internal static class StagingSettings
{
    private static readonly Dictionary<string, string?> Settings = new()
    {
        ["EMAIL_MODE"] = "azure",
        ["FUNCTIONS_CUSTOMHANDLER_PORT"] = "1",
        ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
        ["EMAIL_QUEUE"] = "storagequeue",
        ["EMAIL_ENCRYPTION_KEY"] = Convert.ToBase64String(new byte[32]),
        ["EMAIL_AUTH"] = "none",
    };

    /// <summary>Lets nothing else count.</summary>
    public static void UseStagingSettings(this WebApplicationBuilder builder)
    {
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(Settings);
    }
}
