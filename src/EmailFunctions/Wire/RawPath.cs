using Microsoft.AspNetCore.Http.Features;

namespace EmailFunctions.Wire;

/// <summary>The path as it came over the wire: the server leaves <c>%2F</c> as it is and decodes all else, after which nobody can tell what was meant.</summary>
public static class RawPath
{
    /// <summary>The last segment, decoded once.</summary>
    public static string LastSegment(HttpContext context)
    {
        // A server without a wire has no raw path, and has decoded all.
        var path = (context.Features.Get<IHttpRequestFeature>() is { RawTarget.Length: > 0 } request ? request.RawTarget : context.Request.Path.ToUriComponent()).AsSpan();
        if (path.IndexOfAny('?', '#') is >= 0 and var end)
            path = path[..end];
        return Uri.UnescapeDataString(path[(path.LastIndexOf('/') + 1)..]);
    }
}
