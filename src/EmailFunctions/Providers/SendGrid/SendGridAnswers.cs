using System.Globalization;
using System.Text.Json;
using EmailFunctions.Providers.Http;
using static EmailFunctions.Providers.ErrorCategory;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Providers.SendGrid;

/// <summary>What the answers of SendGrid mean (www.twilio.com/docs/sendgrid/api-reference/mail-send/errors and …/how-to-use-the-sendgrid-v3-api/errors).</summary>
public static class SendGridAnswers
{
    /// <summary>Nothing to open the account with.</summary>
    internal static readonly AnswerRow NoKey = AnswerRow.NotAsked("the account has no `api_key`, or what can't be one", Misconfigured, Auth);

    // Credits come back with the month, or with a payment.
    private static readonly TimeSpan QuotaWait = TimeSpan.FromMinutes(15);

    /// <summary>The rules, in order.</summary>
    internal static readonly AnswerTable Table = new(
    [
        AnswerRule.Beforehand(NoKey),
        new("202", Sent, null, static a => a.Status == 202),
        new("200 in sandbox mode: checked, and delivered to nobody", Sent, null, static a => a.Status == 200 && a.IsTest),
        new("Another 2xx: not SendGrid", Unknown, Unexpected, static a => a.Status is >= 200 and < 300),
        new("401, 403 or 429 about credits (`Maximum credits exceeded`)", Throttled, Quota, static a => a.Status is 401 or 403 or 429 && a.Says("credits")) { Wait = QuotaWait },
        new("429", Throttled, RateLimited, static a => a.Status == 429),
        new("401 or 403: the account is suspended, disabled or under review", Transient, ProviderUnavailable, static a => a.Status is 401 or 403 && a.Says("suspended", "disabled", "deactivated", "under review", "frozen", "banned")),
        new("400 or 403 about the sender (`does not match a verified Sender Identity`)", Misconfigured, Config, static a => a.Status is 400 or 403 && (IsAbout(a, "from") || a.Says("sender identity"))),
        new("401 or 403: the key is wrong, or may not send", Misconfigured, Auth, static a => a.Status is 401 or 403),
        new("400 about a recipient", Permanent, Recipient, static a => a.Status == 400 && IsAboutRecipient(a)),
        new("400 or 413", Permanent, Content, static a => a.Status is 400 or 413),
        new("451: the endpoint is of another region (data residency)", Misconfigured, Config, static a => a.Status == 451),
        new("A redirect, 404, 405, 406 or 415: the endpoint is not SendGrid's", Misconfigured, Config, static a => a.Status is (>= 300 and < 400) or 404 or 405 or 406 or 415),
        AnswerTable.GatewayTimeout,
        new("408, or 5xx", Transient, ProviderUnavailable, static a => a.Status is 408 or >= 500),
    ]);

    /// <summary>All rows, in the order in which they are tried.</summary>
    public static IReadOnlyList<AnswerRow> Answers => Table.Rows;

    /// <summary>Reads the errors, and when to come again.</summary>
    internal static VendorAnswer Read(VendorAnswer answer, DateTimeOffset now, bool isTest)
    {
        var body = VendorJson.Parse(answer.Body);
        var errors = body.Member("errors") is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().ToList() : [];
        return answer with
        {
            Field = errors.Select(static error => error.Text("field")).OfType<string>().FirstOrDefault() ?? "",
            Text = errors.Count > 0 ? string.Join(' ', errors.Select(static error => error.Text("message"))) : VendorJson.UnlessParsed(body, answer.Body),
            MessageId = answer.Header("X-Message-Id"),
            RetryAfter = answer.RetryAfter ?? WaitOf(answer.Header("X-RateLimit-Reset"), now),
            IsTest = isTest,
        };
    }

    // Seconds since 1970.
    private static TimeSpan? WaitOf(string? reset, DateTimeOffset now) =>
        long.TryParse(reset, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < uint.MaxValue ? DateTimeOffset.FromUnixTimeSeconds(seconds) - now : null;

    private static bool IsAbout(VendorAnswer answer, string field) =>
        answer.Field == field || answer.Field.StartsWith(field + ".", StringComparison.Ordinal);

    private static bool IsAboutRecipient(VendorAnswer answer) =>
        answer.Field.StartsWith("personalizations", StringComparison.Ordinal) && answer.Field.Split('.') is var path && (path.Contains("to") || path.Contains("cc") || path.Contains("bcc") || path[^1] == "email");
}
