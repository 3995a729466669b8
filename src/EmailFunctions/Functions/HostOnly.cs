using System.Net.Mime;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace EmailFunctions.Functions;

/// <summary>
/// Tells the host's own call of a trigger from a public request that it forwards. The host forwards only what matches a public
/// function's route, and no such route is at the root; this is for spellings by which a path could become another on the way
/// (<c>/docs/%2e%2e/DispatchEmail</c>), and for hosts that are less strict.
/// </summary>
internal static class HostOnly
{
    // What a front end or the host adds to a public request, and the host's own calls never have.
    private static readonly string[] OfPublicRequests =
    [
        "x-ms-invocation-id", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Original-URL", "X-ARR-LOG-ID", "X-ARR-SSL", "CLIENT-IP",
        "DISGUISED-HOST", "WAS-DEFAULT-HOSTNAME", "X-SITE-DEPLOYMENT-ID", "Via", "Forwarded", "Origin", "Cookie", "Authorization", "x-functions-key",
    ];

    /// <summary>Whether only the host can have made this request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="name">The function's name: the path must be this and nothing else, as it came over the wire.</param>
    public static bool IsFromHost(HttpContext context, string name)
    {
        var request = context.Request;
        return context.Features.Get<IHttpRequestFeature>()!.RawTarget == "/" + name
            && request.Host.Value == $"127.0.0.1:{context.Connection.LocalPort}"
            && request.Headers["X-Azure-Functions-InvocationId"].Count == 1
            && MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase)
            && !Array.Exists(OfPublicRequests, request.Headers.ContainsKey);
    }
}
