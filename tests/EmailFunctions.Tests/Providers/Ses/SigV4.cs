using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EmailFunctions.TestKit.Vendors;

namespace EmailFunctions.Tests.Providers.Ses;

/// <summary>
/// Checks a request's signature as the host does, from the specification of AWS Signature Version 4
/// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), without any of the SDK's code.
/// </summary>
internal static class SigV4
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>What the header field Authorization says.</summary>
    public sealed record Authorization(string AccessKey, string Date, string Region, string Service, IReadOnlyList<string> SignedHeaders, string Signature)
    {
        public static Authorization Parse(string header)
        {
            Assert.StartsWith(Algorithm + " ", header, StringComparison.Ordinal);
            var parts = header[(Algorithm.Length + 1)..].Split(',', StringSplitOptions.TrimEntries).Select(static part => part.Split('=', 2)).ToDictionary(static part => part[0], static part => part[1]);
            var scope = parts["Credential"].Split('/');
            Assert.Equal((5, "aws4_request"), (scope.Length, scope[^1]));
            return new Authorization(scope[0], scope[1], scope[2], scope[3], parts["SignedHeaders"].Split(';'), parts["Signature"]);
        }
    }

    /// <summary>The signature that this request must have.</summary>
    public static string Expected(VendorRequest request, string secret)
    {
        var authorization = Authorization.Parse(request.Header("authorization"));
        return Signature(request.Method, request.Target, authorization.SignedHeaders.Select(name => (name, request.Header(name))), Hex(SHA256.HashData(request.Body)), request.Header("x-amz-date"), authorization, secret);
    }

    public static string Signature(
        string method, string path, IEnumerable<(string Name, string Value)> headers, string bodyHash, string time, Authorization authorization, string secret)
    {
        var sorted = headers.OrderBy(static header => header.Name, StringComparer.Ordinal).ToList();
        var canonical = string.Join('\n',
        [
            method, path, "", .. sorted.Select(static header => $"{header.Name}:{header.Value.Trim()}"), "", string.Join(';', sorted.Select(static header => header.Name)), bodyHash,
        ]);
        var scope = string.Create(CultureInfo.InvariantCulture, $"{authorization.Date}/{authorization.Region}/{authorization.Service}/aws4_request");
        var toSign = string.Join('\n', Algorithm, time, scope, Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))));
        var key = Encoding.UTF8.GetBytes("AWS4" + secret);
        foreach (var part in scope.Split('/'))
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        return Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
    }

    public static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
