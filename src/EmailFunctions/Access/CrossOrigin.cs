using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Net.Http.Headers;

namespace EmailFunctions.Access;

/// <summary>What pages of other origins may do, where a setting names them: whatever a client may, with a credential that they have themselves.</summary>
internal static class CrossOrigin
{
    private const string IdempotencyKey = "Idempotency-Key";

    // What browsers may keep of this, at most; Chromium does for two hours.
    private static readonly TimeSpan Kept = TimeSpan.FromHours(2);

    // Nothing that a browser sends by itself lets anybody in, so that credentials in its sense stay forbidden.
    public static void Allow(this CorsPolicyBuilder policy, IReadOnlyList<string> origins) => policy
        .WithOrigins([.. origins])
        .WithMethods(HttpMethods.Get, HttpMethods.Post, HttpMethods.Put, HttpMethods.Delete)
        .WithHeaders(HeaderNames.Authorization, HeaderNames.ContentType, HeaderNames.IfMatch, IdempotencyKey, HeaderNames.TraceParent)
        .WithExposedHeaders(HeaderNames.ETag, HeaderNames.Location, HeaderNames.RetryAfter, HeaderNames.WWWAuthenticate)
        .SetPreflightMaxAge(Kept);
}
