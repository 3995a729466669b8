using System.Text.RegularExpressions;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Mime;
using static EmailFunctions.Providers.ErrorCategory;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Providers.Ses;

/// <summary>What the answers of Amazon SES mean (docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, "Errors" and "Common Errors").</summary>
public static partial class SesAnswers
{
    /// <summary>Neither the account nor the deployment has credentials.</summary>
    internal static readonly AnswerRow NoCredentials = AnswerRow.NotAsked("the account has no keys, and may not use the service's own", Misconfigured, Auth);

    /// <summary>The deployment's credentials can't be had.</summary>
    internal static readonly AnswerRow OwnCredentialsUnavailable = AnswerRow.NotAsked("the service's own credentials can't be had", Transient, Auth);

    /// <summary>The region can't be part of a host's name.</summary>
    internal static readonly AnswerRow NoRegion = AnswerRow.NotAsked("`aws_region` is missing, or no region's name", Misconfigured, Config);

    /// <summary>SES has no SMTPUTF8. Where it is some of the recipients only, those are refused and the others get the message.</summary>
    internal static readonly AnswerRow InternationalAddress = AnswerRow.NotAsked("the sender, the reply address or each of the recipients has characters beyond ASCII before its at sign, which SES does not take", Permanent, Recipient);

    // The vendor's advice for the sending rate is a wait of up to ten minutes; a rate is by the second, though.
    private static readonly TimeSpan RateWait = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan QuotaWait = TimeSpan.FromMinutes(15);

    /// <summary>The rules, in order.</summary>
    internal static readonly AnswerTable Table = new(
    [
        AnswerRule.Beforehand(NoCredentials),
        AnswerRule.Beforehand(OwnCredentialsUnavailable),
        AnswerRule.Beforehand(NoRegion),
        AnswerRule.Beforehand(InternationalAddress),
        new("200 with a `MessageId`", Sent, null, static a => a is { Status: 200, MessageId: not null }),
        new("200 without one: not SES, or cut off", Unknown, Unexpected, static a => a.Status is >= 200 and < 300),
        new("`AccountSuspendedException`, `SendingPausedException`, or `MessageRejected` that says so", Transient, ProviderUnavailable,
            static a => Is(a, "AccountSuspendedException", "SendingPausedException") || (Is(a, "MessageRejected") && a.Says("suspended", "paused"))),
        new("Throttled, by the daily quota (`Daily message quota exceeded`); `LimitExceededException`", Throttled, Quota, static a => Is(a, "LimitExceededException") || (IsThrottled(a) && a.Says("daily", "quota"))) { Wait = QuotaWait },
        new("Throttled: `TooManyRequestsException`, `ThrottlingException`, or 429", Throttled, RateLimited, IsThrottled) { Wait = RateWait },
        new("`MailFromDomainNotVerifiedException`", Misconfigured, Config, static a => Is(a, "MailFromDomainNotVerifiedException")),
        new("`MessageRejected` that names the sender (`Email address is not verified`)", Misconfigured, Config, static a => Is(a, "MessageRejected") && a.NamesSender),
        new("`MessageRejected` about an address (`Email address is not verified`)", Permanent, Recipient, static a => Is(a, "MessageRejected") && IsAboutAddress(a)),
        new("`MessageRejected`", Permanent, Content, static a => Is(a, "MessageRejected")),
        new("`BadRequestException` about an address", Permanent, Recipient, static a => Is(a, "BadRequestException", "InvalidParameterValue", "ValidationException") && IsAboutAddress(a)),
        new("`BadRequestException`", Permanent, Content, static a => Is(a, "BadRequestException", "InvalidParameterValue", "ValidationException")),
        new("`NotFoundException`: the configuration set", Misconfigured, Config, static a => Is(a, "NotFoundException")),
        new("A clock that is wrong, here or there: `RequestTimeTooSkewed`, `RequestExpired`, or a signature that is `expired` or `not yet current`", Transient, Auth, IsOutOfTime),
        new("`ExpiredToken` of the service's own credentials, which are renewed", Transient, Auth, static a => a.IsWithOwnCredentials && Is(a, "ExpiredToken", "ExpiredTokenException")),
        new("Signature, key or token refused, or access denied: 401, 403, or by name", Misconfigured, Auth, static a => a.Status is 401 or 403 || IsAuth(a)),
        new("413", Permanent, Content, static a => a.Status == 413),
        new("A redirect, 404 or 405: the endpoint is not SES", Misconfigured, Config, static a => a.Status is (>= 300 and < 400) or 404 or 405),
        AnswerTable.GatewayTimeout,
        new("408, or 5xx", Transient, ProviderUnavailable, static a => a.Status is 408 or >= 500),
    ]);

    /// <summary>All rows, in the order in which they are tried.</summary>
    public static IReadOnlyList<AnswerRow> Answers => Table.Rows;

    /// <summary>Reads the error's name and words, or the message's id.</summary>
    /// <param name="answer">As it came.</param>
    /// <param name="sender">The sender's address, where there is one: SES names the identities that are not verified, as they stand in the message.</param>
    internal static VendorAnswer Read(VendorAnswer answer, string? sender = null)
    {
        var body = VendorJson.Parse(answer.Body);
        var text = FirstLine(body.Text("message") ?? body.Text("Message") ?? VendorJson.UnlessParsed(body, answer.Body));
        return answer with
        {
            Name = ErrorName(answer.Header("x-amzn-ErrorType") ?? body.Text("__type") ?? body.Text("code")),
            Text = text,
            NamesSender = sender is not null && text.Length > 0 && Names(text, MailAddress.Ascii(sender)),
            MessageId = body.Text("MessageId"),
        };
    }

    // `com.amazonaws.ses#MessageRejected:http://…`: what is before and after the name says nothing.
    private static string ErrorName(string? type) => type is null ? "" : type[(type.IndexOf('#', StringComparison.Ordinal) + 1)..].Split(':')[0].Trim();

    // A refused signature is followed by the request as SES saw it.
    private static string FirstLine(string text) => text.TrimStart().Split('\n')[0].TrimEnd();

    // As a whole: `sales@acme.example` is not named where `more.sales@acme.example` or `sales@acme.example.com` is.
    private static bool Names(string text, string address) => Regex.IsMatch(
        text, $@"(?<![\w.!#$%&*+/?^`{{|}}~-]){Regex.Escape(address)}(?![\w@-]|\.[\w-])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    private static bool Is(VendorAnswer answer, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (answer.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    private static bool IsThrottled(VendorAnswer answer) =>
        answer.Status == 429 || Is(answer, "TooManyRequestsException", "ThrottlingException", "Throttling", "ThrottledException", "RequestLimitExceeded", "RequestThrottled", "SlowDown");

    // Nothing of the configuration is wrong, so no change of it would release what is held.
    private static bool IsOutOfTime(VendorAnswer answer) =>
        Is(answer, "RequestTimeTooSkewed", "RequestExpired") || (Is(answer, "InvalidSignatureException", "SignatureDoesNotMatch") && answer.Says("expired", "not yet current"));

    private static bool IsAuth(VendorAnswer answer) => Is(
        answer, "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "IncompleteSignatureException", "UnrecognizedClientException", "InvalidClientTokenId",
        "InvalidAccessKeyId", "ExpiredToken", "ExpiredTokenException", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
        "AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired");

    private static bool IsAboutAddress(VendorAnswer answer) => Address().IsMatch(answer.Text);

    [GeneratedRegex(@"\b(address(es)?|recipients?|destination|identit(y|ies)|local part|domain (name )?(contains|starts|ends|missing))\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Address();
}
