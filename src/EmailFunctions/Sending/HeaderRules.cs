using System.Collections.Frozen;

namespace EmailFunctions.Sending;

/// <summary>Which header fields a client may add (RFC 5322 section 3.6): none that the service or a server on the way writes.</summary>
internal static class HeaderRules
{
    public const int MaxCount = 50;
    public const int MaxNameLength = 76;
    public const int MaxValueLength = 2_000;

    private static readonly FrozenSet<string> Reserved = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "From", "Sender", "To", "Cc", "Bcc", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Return-Path", "Received",
        "DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results", "Authentication-Results", "Errors-To", "X-Tag", "X-Metadata");

    // By these a vendor is told what to do: with the deployment's own account, or past what the tenant's configuration says.
    private static readonly string[] VendorPrefixes = ["X-SG-", "X-SMTPAPI", "X-SES-", "X-Mailgun-", "X-MC-", "X-Mandrill-", "X-MSYS-", "X-PM-", "X-MJ-"];

    // Beside letters and digits; what reads others as the end of a name, or as a comment, does not see the name that was checked (RFC 9110 section 5.6.2).
    private const string NameMarks = "!#$%&'*+-.^_`|~";

    /// <summary>What is wrong with a field; null when it may be sent.</summary>
    public static string? Problem(string name, string? value)
    {
        if (name.Length is 0 or > MaxNameLength || !name.All(static c => char.IsAsciiLetterOrDigit(c) || NameMarks.Contains(c, StringComparison.Ordinal)))
            return $"must have a name of 1 to {MaxNameLength} letters, digits or {NameMarks}";
        if (Reserved.Contains(name) || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("Resent-", StringComparison.OrdinalIgnoreCase))
            return "is written by the service, and can't be given";
        if (Array.Exists(VendorPrefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            return "is an order to the provider, and can't be given; tags, metadata and the configuration say what a message may";
        if (value is null || value.Length > MaxValueLength)
            return $"must be a string of at most {MaxValueLength} characters";
        return value.Any(char.IsControl) ? "must not hold control characters such as line breaks" : null;
    }
}
