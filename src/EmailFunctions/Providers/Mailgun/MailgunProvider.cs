using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Mime;

namespace EmailFunctions.Providers.Mailgun;

/// <summary>Sends through Mailgun.</summary>
internal sealed class MailgunProvider(VendorCaller caller, MailgunOptions options, TimeProvider time) : IEmailProvider
{
    private const string Endpoint = "https://api.mailgun.net";

    public ProviderType Type => ProviderType.Mailgun;

    public int MaxRecipientsPerCall => 1000;

    // "The maximum message size Mailgun supports is 25MB" (documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-http).
    public long? MaxEncodedBytes(ProviderSettings settings) => 25_000_000;

    public async Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (account.Secrets.ApiKey is not { } key || !ProviderGrammar.IsKey(key))
            return MailgunAnswers.NoKey.ToResult("The account has no API key.");
        if (DomainOf(account.Settings, email.Content.FromEmail) is not { } domain)
            return MailgunAnswers.NoDomain.ToResult("Neither the configuration nor the message names a domain.");
        using var body = await MailgunBody.MakeAsync(email, account.Settings, options, cancellationToken);
        using var request = Request(HttpMethod.Post, account.Settings, $"v3/{domain}/{body.Path}", key);
        request.Content = body.ToContent();
        return MailgunAnswers.Table.Read(Read(await caller.SendAsync(account, request, cancellationToken)));
    }

    public async Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken)
    {
        if (account.Secrets.ApiKey is not { } key || !ProviderGrammar.IsKey(key))
            return ProbeResult.Unhealthy(ErrorCategory.Auth, "The account has no API key.");
        if (DomainOf(account.Settings, null) is not { } domain)
            return ProbeResult.Unhealthy(ErrorCategory.Config, "The configuration names no domain.");
        using var request = Request(HttpMethod.Get, account.Settings, $"v4/domains/{domain}", key);
        var answer = Read(await caller.ProbeAsync(account, request, cancellationToken));
        return answer.Status == 200 ? Judge(VendorJson.Parse(answer.Body))
            // So Mailgun answers to keys that may only send, too: whether it is one, real mail has to tell.
            : answer.Status is 401 or 403 ? ProbeResult.Limited(answer.Summary)
            : MailgunAnswers.Table.ReadProbe(answer);
    }

    // documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/domains: active, unverified or disabled.
    private static ProbeResult Judge(JsonElement answer) => answer.Member("domain").Text("state") switch
    {
        "active" => ProbeResult.Healthy,
        null => ProbeResult.Unhealthy(ErrorCategory.Config, "The endpoint does not answer as Mailgun."),
        var state => ProbeResult.Unhealthy(ErrorCategory.ProviderUnavailable, $"The domain is {state}."),
    };

    // The account's, since its key and its name in the DNS are for that one; a message may have another sender.
    private static string? DomainOf(ProviderSettings settings, string? sender)
    {
        var name = MailAddress.AsciiDomainOrNull(settings.MailgunDomain is { } domain ? "postmaster@" + domain : settings.FromEmail ?? sender);
        return name is not null && Uri.CheckHostName(name) == UriHostNameType.Dns ? name : null;
    }

    private static HttpRequestMessage Request(HttpMethod method, ProviderSettings settings, string path, string key)
    {
        var request = new HttpRequestMessage(method, $"{(settings.ApiEndpoint ?? Endpoint).TrimEnd('/')}/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("api:" + key)));
        request.Headers.Accept.ParseAdd("application/json");
        return request;
    }

    private VendorAnswer Read(VendorAnswer answer) => MailgunAnswers.Read(answer, time.GetUtcNow());
}
