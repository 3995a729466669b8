using System.Globalization;
using EmailFunctions.Problems;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;

namespace EmailFunctions.DeadLetters;

/// <summary>What of which dead letters is wanted.</summary>
public sealed record DeadLetterQuestion(DeadLetterFilter Filter, DeadLetterCursor? Cursor, int Limit);

/// <summary>Reads questions from queries and bodies, and finds all that is wrong with one.</summary>
internal static class DeadLetterQuestions
{
    private const int DefaultListed = 50, MaxListed = 200;
    private const int DefaultReplayed = 200, MaxReplayed = 500;

    /// <exception cref="ProblemException">400: names the fields that are wrong.</exception>
    public static DeadLetterQuestion OfQuery(
        string? tenant, string? errorCategory, string? provider, string? from, string? to, string? cursor, string? limitText)
    {
        var errors = new FieldErrors();
        var limit = DefaultListed;
        if (limitText is not null && !int.TryParse(limitText, NumberStyles.None, CultureInfo.InvariantCulture, out limit))
            limit = 0;
        // A day as the end means that whole day.
        var (start, end) = (ReadTime("from", from, TimeSpan.Zero, errors), ReadTime("to", to, TimeSpan.FromDays(1), errors));
        return Check(tenant, errorCategory, provider, start, end, cursor, limit, MaxListed, errors);
    }

    /// <exception cref="ProblemException">400: names the fields that are wrong.</exception>
    public static DeadLetterQuestion OfBody(ReplayRequest request) => Check(
        request.TenantId, request.ErrorCategory, request.Provider, request.From, request.To, request.Cursor, request.Limit ?? DefaultReplayed, MaxReplayed, new FieldErrors());

    private static DateTimeOffset? ReadTime(string field, string? text, TimeSpan afterDay, FieldErrors errors)
    {
        if (text is null)
            return null;
        if (QueryTime.TryRead(text, afterDay, out var time))
            return time;
        errors.Add(field, QueryTime.Requirement);
        return null;
    }

    private static DeadLetterQuestion Check(
        string? tenantText, string? errorCategory, string? providerText, DateTimeOffset? from, DateTimeOffset? to, string? cursorText, int limit, int maxLimit, FieldErrors errors)
    {
        TenantId? tenant = null;
        if (tenantText is not null && !TenantId.TryParse(tenantText, out tenant))
            errors.Add("tenant_id", "must be 1 to 64 of letters, digits, '.', '_' and '-'");
        if (errorCategory is not null && !ErrorCategories.All.Contains(errorCategory))
            errors.Add("error_category", "must be " + string.Join(", ", ErrorCategories.All));
        string? provider = null;
        if (ProviderTypes.TryParse(providerText, out var type))
            provider = type.Name();
        else if (providerText is not null)
            errors.Add("provider", "must be " + ProviderTypes.Choices);
        if (from >= to)
            errors.Add("from", "must be before to");
        if (limit < 1 || limit > maxLimit)
            errors.Add("limit", string.Create(CultureInfo.InvariantCulture, $"must be 1 to {maxLimit}"));
        DeadLetterCursor? cursor = null;
        if (cursorText is not null && !DeadLetterCursor.TryParse(cursorText, out cursor))
            errors.Add("cursor", "must be the next_cursor of an answer");
        return errors.Any ? throw Problem.Invalid(errors) : new DeadLetterQuestion(new DeadLetterFilter(tenant, errorCategory, provider, from, to), cursor, limit);
    }
}
