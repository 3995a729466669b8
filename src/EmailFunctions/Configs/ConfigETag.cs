using System.Security.Cryptography;
using System.Text;
using EmailFunctions.Problems;
using Microsoft.Net.Http.Headers;

namespace EmailFunctions.Configs;

/// <summary>A configuration's version as clients see it (RFC 9110 section 8.8.3): a hash, since a store's own may hold quotes.</summary>
internal static class ConfigETag
{
    public static string Of(TenantConfig config) =>
        $"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(config.ETag!)))[..32]}\"";

    /// <summary>The request's <c>If-Match</c>; null where there is none.</summary>
    /// <exception cref="ProblemException">400: it is not one strong ETag or <c>*</c>.</exception>
    public static string? IfMatch(HttpRequest request)
    {
        var header = request.Headers.IfMatch;
        if (header.Count == 0)
            return null;
        return header.Count == 1 && EntityTagHeaderValue.TryParse(header.ToString(), out var tag) && !tag.IsWeak
            ? tag.Tag.ToString()
            : throw Problem.Invalid("If-Match", "must be one ETag as an answer gave it, or *");
    }
}
