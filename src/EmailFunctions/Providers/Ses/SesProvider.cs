using System.Net.Http.Headers;
using System.Text.Json;
using Amazon.Runtime;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Mime;

namespace EmailFunctions.Providers.Ses;

/// <summary>Sends through Amazon SES, version 2 of its API, always as a whole message of our own: so its headers name all recipients in every call.</summary>
internal sealed class SesProvider(VendorCaller caller, SesCredentials credentials, TimeProvider time) : IEmailProvider
{
    public ProviderType Type => ProviderType.AwsSes;

    public int MaxRecipientsPerCall => 50;

    // "40 MB per message", measured in base64 (docs.aws.amazon.com/ses/latest/dg/quotas.html).
    public long? MaxEncodedBytes(ProviderSettings settings) => 40_000_000;

    public async Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        var refused = email.Recipients.Zip(email.Addresses()).Where(static recipient => MailAddress.IsInternational(recipient.Second)).Select(static recipient => recipient.First).ToList();
        if (refused.Count == email.Recipients.Count || Senders(email, account.Settings).Any(MailAddress.IsInternational))
            return SesAnswers.InternationalAddress.ToResult("An address has characters beyond ASCII before its at sign.");
        var (key, failure) = await FindKeyAsync(account, cancellationToken);
        if (key is null)
            return failure!.ToResult(failure.Answer);
        var result = await CallAsync(email with { Recipients = [.. email.Recipients.Except(refused)] }, account, key, cancellationToken);
        // Unless the others have it, all are looked at again in the next attempt, or by the next provider.
        return result.Status == SendStatus.Sent ? result with { RefusedRecipients = refused } : result;
    }

    public async Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken)
    {
        var (key, failure) = await FindKeyAsync(account, cancellationToken);
        if (key is null)
            return ProbeResult.Unhealthy(failure!.Category!.Value, failure.Answer);
        using var request = new HttpRequestMessage(HttpMethod.Get, SesEndpoint.Of(account.Settings, SesEndpoint.AccountPath));
        SesSigner.Sign(request, null, account.Settings.AwsRegion!, key, time.GetUtcNow());
        var answer = SesAnswers.Read(await caller.ProbeAsync(account, request, cancellationToken));
        return answer.Status == 200 ? Judge(VendorJson.Parse(answer.Body))
            // The key is right, and may only send.
            : answer.Name is "AccessDeniedException" or "AccessDenied" ? ProbeResult.Limited(answer.Summary)
            : SesAnswers.Table.ReadProbe(answer);
    }

    // docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html; a quota of -1 is none.
    private static ProbeResult Judge(JsonElement account)
    {
        if (account.Member("SendingEnabled").ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            return ProbeResult.Unhealthy(ErrorCategory.Config, "The endpoint does not answer as SES.");
        if (account.Member("SendingEnabled").ValueKind == JsonValueKind.False || account.Text("EnforcementStatus") == "SHUTDOWN")
            return ProbeResult.Unhealthy(ErrorCategory.ProviderUnavailable, "Sending is paused for this account.");
        var quota = account.Member("SendQuota");
        return quota.Number("Max24HourSend") is { } most and >= 0 && quota.Number("SentLast24Hours") >= most
            ? ProbeResult.Unhealthy(ErrorCategory.Quota, "The quota of the last 24 hours is used up.")
            : ProbeResult.Healthy;
    }

    private static IEnumerable<string> Senders(OutgoingEmail email, ProviderSettings settings) =>
        new[] { email.Content.FromEmail ?? settings.FromEmail, email.Content.ReplyTo ?? settings.ReplyTo }.OfType<string>();

    private async Task<SendResult> CallAsync(OutgoingEmail email, ProviderAccount account, ImmutableCredentials key, CancellationToken cancellationToken)
    {
        using var body = new SesBody(email, account.Settings);
        var (length, hash) = await body.MeasureAsync(cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, SesEndpoint.Of(account.Settings, SesEndpoint.SendPath))
        {
            Content = new StreamedContent(length, body.WriteToAsync),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        SesSigner.Sign(request, hash, account.Settings.AwsRegion!, key, time.GetUtcNow());
        var answer = await caller.SendAsync(account, request, cancellationToken);
        return SesAnswers.Table.Read(SesAnswers.Read(answer, email.Content.FromEmail ?? account.Settings.FromEmail) with { IsWithOwnCredentials = account.Secrets.AwsAccessKey is null });
    }

    // The service's own credentials go to Amazon alone: an endpoint is a tenant's word, and whoever listens there would have them. On this machine nobody does but its owner.
    private static bool MayBeAsked(ProviderAccount account) =>
        account.Secrets.AwsAccessKey is not null || account.Settings.ApiEndpoint is not { } endpoint || new Uri(endpoint).IsLoopback;

    private async Task<(ImmutableCredentials? Key, AnswerRow? Failure)> FindKeyAsync(ProviderAccount account, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!ProviderGrammar.IsAwsRegion(account.Settings.AwsRegion))
            return (null, SesAnswers.NoRegion);
        try
        {
            var key = MayBeAsked(account) ? await credentials.FindAsync(account.Secrets, cancellationToken) : null;
            return (key, key is null ? SesAnswers.NoCredentials : null);
        }
        catch (CredentialsUnavailableException)
        {
            return (null, SesAnswers.OwnCredentialsUnavailable);
        }
    }
}
