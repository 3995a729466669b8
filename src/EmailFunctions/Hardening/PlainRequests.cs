using EmailFunctions.Problems;
using Microsoft.AspNetCore.Http.Features;

namespace EmailFunctions.Hardening;

/// <summary>
/// Refuses requests that something else on their way could have read otherwise than this service does: bodies whose end is said twice, and paths
/// that become another once they are tidied up. The web server takes both, since standards let it.
/// </summary>
internal sealed class PlainRequests(RequestDelegate next)
{
    // Where the server finds both, it believes the other, and moves the length here (RFC 9112 section 6.3 lets a server refuse instead).
    private const string MovedLength = "X-Content-Length";

    public Task InvokeAsync(HttpContext context)
    {
        if (!IsFramedPlainly(context.Request))
        {
            // What follows on the connection may be another's.
            context.Response.OnStarting(static state =>
            {
                ((HttpResponse)state).Headers.Connection = "close";
                return Task.CompletedTask;
            }, context.Response);
            throw Refused("Its body must have one length: Content-Length, or Transfer-Encoding: chunked.");
        }

        // Only what came over a wire has a target as it was sent.
        if (context.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } target && !PlainPath.IsPlain(target))
            throw Refused("Its path must be plain: no empty segments, dots alone, backslashes or controls, however they are escaped, and UTF-8.");
        return next(context);
    }

    private static bool IsFramedPlainly(HttpRequest request) =>
        request.Headers.TransferEncoding is not [_, ..] encodings
        || (encodings is ["chunked"] && request.ContentLength is null && !request.Headers.ContainsKey(MovedLength) && !HttpProtocol.IsHttp10(request.Protocol));

    private static ProblemException Refused(string detail) => new(Problem.OfStatus(StatusCodes.Status400BadRequest) with { Detail = detail });
}
