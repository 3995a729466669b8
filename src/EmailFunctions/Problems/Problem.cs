using EmailFunctions.Wire;

namespace EmailFunctions.Problems;

/// <summary>
/// An error answer (RFC 9457): a kind that programs can tell apart, a title for the kind, and a detail that says what to do
/// next. It never holds a recipient, a subject, a body or a secret.
/// </summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Kind">The last part of <c>type</c>.</param>
/// <param name="Title">The same for every problem of the kind.</param>
/// <param name="Detail">What is wrong here, and what to do.</param>
public sealed record Problem(int Status, string Kind, string Title, string Detail)
{
    public const string ContentType = "application/problem+json";

    /// <summary>By field, what is wrong with it; null where no field is to blame.</summary>
    public Dictionary<string, string[]>? Errors { get; init; }

    /// <summary>When to try again; null where that is not known.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static ProblemException Invalid(FieldErrors errors) => new(new Problem(
        400, "validation", "The request is not valid.", "See errors: each names a field and what it must be.")
    { Errors = errors.ToDictionary() });

    public static ProblemException Invalid(string field, string message)
    {
        var errors = new FieldErrors();
        errors.Add(field, message);
        return Invalid(errors);
    }

    public static ProblemException Forbidden() => new(new Problem(
        403, "forbidden", "This is not yours to see or to change.", "Use a credential of the tenant that the request names, or an admin's."));

    /// <summary>The credential is not good for this; <paramref name="scope"/> says for what it would have to be.</summary>
    public static ProblemException MissingScope(string scope) => new(new Problem(
        403, "missing-scope", "The credential does not allow this.", $"Use a credential with the scope {scope}."));

    /// <summary>Only whoever may act for all tenants changes this field, or removes what holds it.</summary>
    public static ProblemException ForOperators(string field) => new(new Problem(
        403, "for-operators", "Only a credential for all tenants may change this.", "See errors: leave the field as it is, or ask whoever runs the service.")
    { Errors = new() { [field] = ["can be changed or removed only with a credential for all tenants"] } });

    /// <summary>Without authentication, a request is for this machine by its own name alone.</summary>
    public static ProblemException NotLoopback() => new(new Problem(
        421, "not-loopback", "This host is not the service's.", "While EMAIL_AUTH is none, call it as localhost, 127.0.0.1 or [::1]."));

    /// <summary>Without authentication, a request of a browser comes from a page of the service's own.</summary>
    public static ProblemException ForeignPage() => new(new Problem(
        403, "foreign-page", "This page may not call the service.", "Name its origin in EMAIL_CORS_ORIGINS if it may."));

    public static ProblemException NotFound(string what) => new(new Problem(404, "not-found", "There is nothing here.", what));

    public static ProblemException Conflict(string detail) => new(OfStatus(409) with { Detail = detail });

    public static ProblemException PreconditionFailed() => new(new Problem(
        412, "precondition-failed", "It was changed in the meantime.", "Read it again, and send If-Match with the ETag of that answer."));

    public static ProblemException TooLarge(long limitBytes) => new(OfStatus(413) with
    {
        Detail = FormattableString.Invariant($"A body here holds at most {limitBytes} bytes."),
        Errors = new() { [FieldErrors.Whole] = [FormattableString.Invariant($"holds at most {limitBytes} bytes")] },
    });

    public static ProblemException UnsupportedMediaType(string detail) => new(OfStatus(415) with { Detail = detail });

    public static ProblemException KeyReused() => new(new Problem(
        422, "idempotency-key-reused", "The idempotency key was used for another message.", "Use a new key for a new message; the same key answers only the same body again.")
    { Errors = new() { ["idempotency_key"] = ["was used with another body"] } });

    /// <summary>A limit that the tenant wants to be told of has no room left before <paramref name="retryAfter"/>.</summary>
    public static ProblemException OverQuota(string limit, TimeSpan retryAfter) => new(OfStatus(429) with
    {
        Detail = $"The tenant's limit {limit} has no room for this message, and its over_quota is reject. Send it again after the time that Retry-After names.",
        RetryAfter = retryAfter,
    });

    /// <summary>The caller asks for more in a time than a brake of the deployment lets through.</summary>
    public static ProblemException TooMany(string detail, TimeSpan retryAfter) => new(new Problem(
        429, "too-many-requests", "Too many requests.", detail + " Send it again after the time that Retry-After names.")
    { RetryAfter = retryAfter });

    public static ProblemException Unavailable(string detail, TimeSpan? retryAfter = null) => new(new Problem(
        503, "unavailable", "The service can't do this now.", detail)
    { RetryAfter = retryAfter });

    /// <summary>The problem that a bare status stands for.</summary>
    public static Problem OfStatus(int status) => status switch
    {
        400 => new(400, "bad-request", "The request can't be read.", "Send a well-formed HTTP request."),
        401 => new(401, "unauthenticated", "Nobody knows who calls.", "Send an access token or an API key that is valid now: Authorization: Bearer …"),
        403 => Forbidden().Problem,
        404 => new(404, "not-found", "There is nothing here.", "See /docs for the paths that exist."),
        405 => new(405, "method-not-allowed", "This path has no such method.", "The Allow header names those it has."),
        408 => new(408, "request-timeout", "The request took too long to arrive.", "Send it again."),
        409 => new(409, "conflict", "It is not in a state for this.", "Read it again to see what became of it."),
        413 => new(413, "too-large", "The request is too large.", "Send less at once.") { Errors = new() { [FieldErrors.Whole] = ["is too large"] } },
        415 => new(415, "unsupported-media-type", "The body is of a kind that is not taken here.", "Send application/json in UTF-8.") { Errors = new() { [FieldErrors.Whole] = ["must be application/json in UTF-8"] } },
        429 => new(429, "over-quota", "A limit of the tenant is used up.", "Send it again after the time that Retry-After names."),
        431 => new(431, "headers-too-large", "The request's headers are too large.", "Send fewer or shorter headers."),
        >= 500 => new(status, "internal", "The service failed.", "Try again. If it stays, give the operator the trace_id."),
        _ => new(status, "refused", "The request was refused.", "See /docs for what this path takes."),
    };
}

/// <summary>Ends a request with a problem; thrown where a rule is broken, turned into an answer in one place.</summary>
#pragma warning disable CA1032 // It is nothing without its problem.
public sealed class ProblemException(Problem problem) : Exception(problem.Detail)
#pragma warning restore CA1032
{
    public Problem Problem { get; } = problem;
}
