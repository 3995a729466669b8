using System.Globalization;
using System.Text.RegularExpressions;
using EmailFunctions.Providers.Http;
using static EmailFunctions.Providers.ErrorCategory;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Providers.Mailgun;

/// <summary>What the answers of Mailgun mean (documentation.mailgun.com/docs/mailgun/api-reference/mg-oas, and what its support says of error messages).</summary>
public static partial class MailgunAnswers
{
    /// <summary>Nothing to open the account with.</summary>
    internal static readonly AnswerRow NoKey = AnswerRow.NotAsked("the account has no `api_key`, or what can't be one", Misconfigured, Auth);

    /// <summary>The domain can't be part of a path.</summary>
    internal static readonly AnswerRow NoDomain = AnswerRow.NotAsked("neither `mailgun_domain` nor a sender says for which domain", Misconfigured, Config);

    private static readonly TimeSpan QuotaWait = TimeSpan.FromMinutes(15);

    /// <summary>The rules, in order.</summary>
    internal static readonly AnswerTable Table = new(
    [
        AnswerRule.Beforehand(NoKey),
        AnswerRule.Beforehand(NoDomain),
        new("200 with an `id`", Sent, null, static a => a is { Status: 200, MessageId: not null }),
        new("200 without one: not Mailgun, or cut off", Unknown, Unexpected, static a => a.Status is >= 200 and < 300),
        new("4xx about a limit of recipients, bytes or messages (`recipient limit exceeded, try again after …`)", Throttled, Quota, static a => IsRefusal(a) && Limit().IsMatch(a.Text)) { Wait = QuotaWait },
        new("429, or 4xx about the limit of requests", Throttled, RateLimited, static a => a.Status == 429 || (IsRefusal(a) && a.Says("request limit exceeded"))),
        new("4xx: the account or the domain is disabled or suspended", Transient, ProviderUnavailable, static a => IsRefusal(a) && a.Says("disabled", "suspended")),
        new("4xx: the domain is not allowed to send (sandbox, not verified, not activated, on probation)", Misconfigured, Config, static a => IsRefusal(a) && a.Says("not allowed to send", "probation", "for test purposes only", "activate your")),
        new("401 or 403: the key is wrong, or of another domain or region", Misconfigured, Auth, static a => a.Status is 401 or 403),
        new("404: the domain, or the endpoint, is not there", Misconfigured, Config, static a => a.Status == 404),
        new("A redirect, 405 or 415: the endpoint is not Mailgun's", Misconfigured, Config, static a => a.Status is (>= 300 and < 400) or 405 or 415),
        new("400 about the sender (`from parameter is not a valid address`)", Misconfigured, Config, static a => a.Status == 400 && Sender().IsMatch(a.Text)),
        new("400 about a recipient (`to parameter is not a valid address`)", Permanent, Recipient, static a => a.Status == 400 && Recipients().IsMatch(a.Text)),
        new("400 or 413", Permanent, Content, static a => a.Status is 400 or 413),
        AnswerTable.GatewayTimeout,
        new("408, or 5xx", Transient, ProviderUnavailable, static a => a.Status is 408 or >= 500),
    ]);

    /// <summary>All rows, in the order in which they are tried.</summary>
    public static IReadOnlyList<AnswerRow> Answers => Table.Rows;

    /// <summary>Reads the message's id, or what is wrong and until when.</summary>
    internal static VendorAnswer Read(VendorAnswer answer, DateTimeOffset now)
    {
        var body = VendorJson.Parse(answer.Body);
        var text = body.Text("message") ?? VendorJson.UnlessParsed(body, answer.Body);
        var wait = WaitOf(text, now);
        return answer with { Text = text, MessageId = body.Text("id"), RetryAfter = wait ?? answer.RetryAfter, IsWaitExact = wait is not null };
    }

    // "… try again after Mon, 20 Dec 2021 20:33:21 UTC"
    private static TimeSpan? WaitOf(string text, DateTimeOffset now) =>
        Until().Match(text) is { Success: true } match
        && DateTimeOffset.TryParseExact(match.Groups["time"].Value, "dd MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until)
            ? until - now
            : null;

    private static bool IsRefusal(VendorAnswer answer) => answer.Status is >= 400 and < 500;

    [GeneratedRegex(@"\b(recipients?|bytes|messages?|sending|account|plan|monthly|daily|hourly)( (?!size\b)\w+)? limit\b|(?<!\bsize )\blimit reached\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Limit();

    [GeneratedRegex(@"\bfrom['’]? parameter\b", RegexOptions.IgnoreCase)]
    private static partial Regex Sender();

    [GeneratedRegex(@"\b(to|cc|bcc)['’]? parameter is not\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Recipients();

    [GeneratedRegex(@"try again after \w{3}, (?<time>\d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2}) (UTC|GMT)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Until();
}
