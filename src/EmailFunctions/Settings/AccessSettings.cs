using System.Text;
using EmailFunctions.Access;
using EmailFunctions.Access.Tokens;
using EmailFunctions.Ingest;
using EmailFunctions.Tenants;

namespace EmailFunctions.Settings;

/// <summary>Reads who may call, and for whom event producers may send.</summary>
internal static class AccessSettings
{
    private const string Auth = "EMAIL_AUTH";
    private const string Authority = "EMAIL_AUTH_AUTHORITY";
    private const string Audience = "EMAIL_AUTH_AUDIENCE";
    private const string ClientId = "EMAIL_AUTH_CLIENT_ID";
    private const string Origins = "EMAIL_CORS_ORIGINS";
    private const string Producers = "EMAIL_PRODUCER_TENANTS";
    private const string ProducersMust = "must be tenants' names with commas between them, or *";

    /// <summary>Who may call, and how callers prove who they are.</summary>
    /// <param name="reader">Reads the settings.</param>
    /// <param name="mode">Where the service runs.</param>
    /// <param name="storage">Its storage account, in Azure.</param>
    public static AccessRules ReadRules(SettingsReader reader, ServiceMode mode, StorageAccount? storage)
    {
        var isRequired = reader.Choice(Auth, mode == ServiceMode.Azure, ("required", true), ("none", false));
        if (!isRequired && mode == ServiceMode.Azure && storage is not { IsDevelopment: true })
            reader.Reject(Auth, "can be none only on a desk; whoever reaches the app could send mail in everybody's name. Set it to required");
        var tokens = isRequired ? ReadTokens(reader) : null;
        var clientId = reader.Text(ClientId);
        if (clientId is not null && tokens is null)
            reader.Reject(ClientId, $"needs {Authority}, where it is known, and {Auth} to be required");
        return new AccessRules(isRequired, tokens)
        {
            Metrics = reader.Choice("EMAIL_METRICS_ACCESS", Exposure.Required, ("required", Exposure.Required), ("public", Exposure.Public), ("off", Exposure.Off)),
            Docs = ReadPage(reader, "EMAIL_DOCS_ACCESS"),
            Dashboard = ReadPage(reader, "EMAIL_DASHBOARD_ACCESS"),
            ClientId = clientId,
            SignInScope = reader.Text("EMAIL_AUTH_SCOPE") ?? "openid",
            CorsOrigins = ReadOrigins(reader),
        };
    }

    private static string[] ReadOrigins(SettingsReader reader)
    {
        var origins = (reader.Text(Origins) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var origin in origins.Where(static origin => !IsOrigin(origin)))
            reader.Reject(Origins, $"must be origins such as https://app.example.com, in lower case, with commas between them, which {origin} is not");
        return origins;
    }

    // As browsers write it; what is written otherwise would never be met. On this machine http will do.
    private static bool IsOrigin(string text) =>
        Ascii.IsValid(text) && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.GetLeftPart(UriPartial.Authority) == text && uri.UserInfo.Length == 0 && uri.Host.Length > 0
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));

    public static ProducerRules ReadProducers(SettingsReader reader)
    {
        var needsClaim = reader.Choice("EMAIL_PRODUCER_CLAIM", false, ("optional", false), ("required", true));
        if (reader.Text(Producers) is not { } text)
            return ProducerRules.Default with { NeedsClaim = needsClaim };
        var tenants = new HashSet<TenantId>();
        var names = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length == 0)
            reader.Reject(Producers, ProducersMust);
        foreach (var name in names.Where(static name => name != "*"))
        {
            if (TenantId.TryParse(name, out var tenant))
                tenants.Add(tenant);
            else
                reader.Reject(Producers, ProducersMust);
        }

        return new ProducerRules(names.Contains("*"), tenants) { NeedsClaim = needsClaim };
    }

    // The pages hold nothing: they ask for what they show with a credential.
    private static Exposure ReadPage(SettingsReader reader, string name) => reader.Choice(name, Exposure.Public, ("public", Exposure.Public), ("off", Exposure.Off));

    // Without any of them, API keys are taken alone.
    private static TokenRules? ReadTokens(SettingsReader reader)
    {
        if (reader.Text(Authority) is null && reader.Text(Audience) is null)
            return null;
        return new TokenRules(
            ReadAuthority(reader),
            Required(reader, Audience, "must be what access tokens for this service name as their audience"),
            reader.Text("EMAIL_AUTH_TENANT_CLAIM") ?? "tenant_id",
            reader.Text("EMAIL_AUTH_ADMIN_ROLE") ?? "admin");
    }

    private static Uri ReadAuthority(SettingsReader reader)
    {
        var text = Required(reader, Authority, "must be the issuer of access tokens, such as https://login.microsoftonline.com/{directory}/v2.0");
        if (Uri.TryCreate(text, UriKind.Absolute, out var authority) && authority is { Query: "", Fragment: "", UserInfo: "" } && (authority.Scheme == Uri.UriSchemeHttps || (authority.Scheme == Uri.UriSchemeHttp && authority.IsLoopback)))
            return authority;
        if (text.Length > 0)
            reader.Reject(Authority, "must be an https URL, without a query");
        return new Uri("https://localhost");
    }

    private static string Required(SettingsReader reader, string name, string must)
    {
        if (reader.Text(name) is { } text)
            return text;
        reader.Reject(name, $"{must}, since {(name == Audience ? Authority : Audience)} is set");
        return "";
    }
}
