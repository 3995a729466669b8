using System.Net.Mime;
using EmailFunctions.Problems;

namespace EmailFunctions.ApiDocs;

/// <summary>What an endpoint says about itself beyond its signature.</summary>
internal static class EndpointDocs
{
    /// <summary>The body, which the handler reads by itself so as to name all that is wrong with it.</summary>
    public static RouteHandlerBuilder TakesJson<T>(this RouteHandlerBuilder builder) where T : notnull =>
        builder.Accepts<T>(MediaTypeNames.Application.Json);

    /// <summary>The body that changes some fields of a <typeparamref name="T"/>, by a name of its own.</summary>
    public static RouteHandlerBuilder TakesChangeOf<T>(this RouteHandlerBuilder builder, string name) where T : notnull =>
        builder.TakesJson<T>().WithMetadata(new TakesChange(typeof(T), name));

    /// <summary>The problems it may answer, beside those that any may.</summary>
    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder builder, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            builder.Produces<ProblemBody>(status, Problem.ContentType);
        return builder.Produces<ProblemBody>(StatusCodes.Status429TooManyRequests, Problem.ContentType)
            .Produces<ProblemBody>(StatusCodes.Status500InternalServerError, Problem.ContentType)
            .Produces<ProblemBody>(StatusCodes.Status503ServiceUnavailable, Problem.ContentType);
    }

    /// <summary>It answers text of this type, too, to whoever would rather have it.</summary>
    public static RouteHandlerBuilder AlsoProducesText(this RouteHandlerBuilder builder, string contentType) => builder.WithMetadata(new ProducesText(contentType));

    /// <summary>It takes the header <c>Idempotency-Key</c>.</summary>
    public static RouteHandlerBuilder WithIdempotencyKey(this RouteHandlerBuilder builder) => builder.WithMetadata(new TakesIdempotencyKey());
}

/// <summary>Marks an endpoint that takes some fields of a type.</summary>
internal sealed record TakesChange(Type Whole, string Name);

/// <summary>Marks an endpoint that answers text of a type, too.</summary>
internal sealed record ProducesText(string ContentType);

/// <summary>Marks an endpoint that takes the header <c>Idempotency-Key</c>.</summary>
internal sealed class TakesIdempotencyKey;
