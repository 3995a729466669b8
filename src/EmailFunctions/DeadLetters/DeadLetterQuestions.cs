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
    private const int DefaultReplayed = 200, MaxReplayed = 500;

    /// <exception cref="ProblemException">400: names the fields that are wrong.</exception>
    public static DeadLetterQuestion OfQuery(
        string? tenant, string? errorCategory, string? provider, string? from, string? to, string? cursor, string? limitText)
    {
        var errors = new FieldErrors();
        var limit = PageLimit.Read(limitText, errors);
        // A day as the end means that whole day.
        var (start, end) = (QueryTime.Read("from", from, TimeSpan.Zero, errors), QueryTime.Read("to", to, TimeSpan.FromDays(1), errors));
        return Check(tenant, errorCategory, provider, start, end, cursor, limit, errors);
    }

    /// <exception cref="ProblemException">400: names the fields that are wrong.</exception>
    public static DeadLetterQuestion OfBody(ReplayRequest request)
    {
        var errors = new FieldErrors();
        var limit = request.Limit ?? DefaultReplayed;
        if (limit is < 1 or > MaxReplayed)
            errors.Add("limit", string.Create(CultureInfo.InvariantCulture, $"must be 1 to {MaxReplayed}"));
        return Check(request.TenantId, request.ErrorCategory, request.Provider, request.From, request.To, request.Cursor, limit, errors);
    }

    private static DeadLetterQuestion Check(
        string? tenantText, string? errorCategory, string? providerText, DateTimeOffset? from, DateTimeOffset? to, string? cursorText, int limit, FieldErrors errors)
    {
        TenantId? tenant = null;
        if (tenantText is not null && !TenantId.TryParse(tenantText, out tenant))
            errors.Add("tenant_id", TenantId.Requirement);
        if (errorCategory is not null && !ErrorCategories.All.Contains(errorCategory))
            errors.Add("error_category", "must be " + string.Join(", ", ErrorCategories.All));
        string? provider = null;
        if (ProviderTypes.TryParse(providerText, out var type))
            provider = type.Name();
        else if (providerText is not null)
            errors.Add("provider", "must be " + ProviderTypes.Choices);
        if (from >= to)
            errors.Add("from", "must be before to");
        DeadLetterCursor? cursor = null;
        if (cursorText is not null && !DeadLetterCursor.TryParse(cursorText, out cursor))
            errors.Add("cursor", "must be the next_cursor of an answer");
        return errors.Any ? throw Problem.Invalid(errors) : new DeadLetterQuestion(new DeadLetterFilter(tenant, errorCategory, provider, from, to), cursor, limit);
    }
}
