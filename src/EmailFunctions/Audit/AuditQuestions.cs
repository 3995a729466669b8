using EmailFunctions.Problems;
using EmailFunctions.Providers;
using EmailFunctions.Validation;
using EmailFunctions.Wire;

namespace EmailFunctions.Audit;

/// <summary>Reads what is asked of the audit, and finds all that is wrong with it.</summary>
internal static class AuditQuestions
{
    // Of a message that was never given to a provider.
    private const string NoProvider = "none";
    private const int MaxTemplateName = 200;

    private static readonly string[] Statuses = ["sent", "failed", "dead_lettered"];

    /// <exception cref="ProblemException">400: names the fields that are wrong.</exception>
    public static AuditFilter Read(
        string? startText, string? endText, string? status, string? providerText, string? templateName, string? recipient, string? cursor, string? limitText)
    {
        var errors = new FieldErrors();
        // A day as the end means that whole day.
        var (start, end) = (QueryTime.Read("start_date", startText, TimeSpan.Zero, errors), QueryTime.Read("end_date", endText, TimeSpan.FromDays(1), errors));
        if (start >= end)
            errors.Add("start_date", "must be before end_date");
        var limit = PageLimit.Read(limitText, errors);
        if (status is not null && !Statuses.Contains(status))
            errors.Add("status", "must be " + string.Join(", ", Statuses));
        var provider = providerText == NoProvider ? NoProvider : ReadProvider(providerText, errors);
        if (templateName?.Length is 0 or > MaxTemplateName)
            errors.Add("template_name", System.FormattableString.Invariant($"must have 1 to {MaxTemplateName} characters"));
        if (recipient is not null && !EmailAddress.IsValid(recipient))
            errors.Add("recipient", EmailAddress.Requirement);
        if (cursor is not null && (cursor.Length is 0 or > 80 || !cursor.All(static c => char.IsAsciiHexDigitLower(c) || c == '-')))
            errors.Add("cursor", "must be the next_cursor of an answer, or the id of a row");
        return errors.Any
            ? throw Problem.Invalid(errors)
            : new AuditFilter(cursor, limit, status, recipient) { Start = start, End = end, Provider = provider, TemplateName = templateName };
    }

    /// <summary>Whether mail that waits is to be cancelled.</summary>
    /// <exception cref="ProblemException">400: it is neither true nor false.</exception>
    public static bool ReadCancelWaiting(string? text) =>
        text is null or "true" or "false" ? text == "true" : throw Problem.Invalid("cancel_waiting", "must be true or false");

    private static string? ReadProvider(string? text, FieldErrors errors)
    {
        if (text is null)
            return null;
        if (ProviderTypes.TryParse(text, out var type))
            return type.Name();
        errors.Add("provider", "must be " + ProviderTypes.Choices);
        return null;
    }
}
