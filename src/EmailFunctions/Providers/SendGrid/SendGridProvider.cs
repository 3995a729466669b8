using System.Net.Http.Headers;
using System.Text.Json;
using EmailFunctions.Providers.Http;

namespace EmailFunctions.Providers.SendGrid;

/// <summary>Sends through SendGrid, version 3 of its API.</summary>
internal sealed class SendGridProvider(VendorCaller caller, SendGridOptions options, TimeProvider time) : IEmailProvider
{
    private const string Endpoint = "https://api.sendgrid.com";

    public ProviderType Type => ProviderType.SendGrid;

    public int MaxRecipientsPerCall => 1000;

    // "The total message size should not exceed 30 MB" (www.twilio.com/docs/sendgrid/api-reference/mail-send/limitations).
    public long? MaxEncodedBytes(ProviderSettings settings) => 30_000_000;

    public async Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (account.Secrets.ApiKey is not { } key || !ProviderGrammar.IsKey(key))
            return SendGridAnswers.NoKey.ToResult("The account has no API key.");
        var body = new SendGridBody(email, account.Settings, options);
        using var request = Request(HttpMethod.Post, account.Settings, "v3/mail/send", key);
        request.Content = new StreamedContent(body.Length, body.WriteToAsync);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return SendGridAnswers.Table.Read(Read(await caller.SendAsync(account, request, cancellationToken)));
    }

    public async Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken)
    {
        if (account.Secrets.ApiKey is not { } key || !ProviderGrammar.IsKey(key))
            return ProbeResult.Unhealthy(ErrorCategory.Auth, "The account has no API key.");
        using var request = Request(HttpMethod.Get, account.Settings, "v3/scopes", key);
        var answer = Read(await caller.ProbeAsync(account, request, cancellationToken));
        return answer.Status == 200 ? Judge(VendorJson.Parse(answer.Body))
            // The key is right, and may not ask.
            : answer.Status == 403 ? ProbeResult.Limited(answer.Summary)
            : SendGridAnswers.Table.ReadProbe(answer);
    }

    private static ProbeResult Judge(JsonElement answer) =>
        answer.Member("scopes") is not { ValueKind: JsonValueKind.Array } scopes ? ProbeResult.Unhealthy(ErrorCategory.Config, "The endpoint does not answer as SendGrid.")
        : scopes.EnumerateArray().Any(static scope => scope is { ValueKind: JsonValueKind.String } && scope.GetString() == "mail.send") ? ProbeResult.Healthy
        : ProbeResult.Unhealthy(ErrorCategory.Auth, "The key may not send mail (mail.send).");

    private static HttpRequestMessage Request(HttpMethod method, ProviderSettings settings, string path, string key)
    {
        var request = new HttpRequestMessage(method, $"{(settings.ApiEndpoint ?? Endpoint).TrimEnd('/')}/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Accept.ParseAdd("application/json");
        return request;
    }

    private VendorAnswer Read(VendorAnswer answer) => SendGridAnswers.Read(answer, time.GetUtcNow(), options.Sandbox);
}
