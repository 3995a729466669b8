using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Signing;

namespace EmailFunctions.Providers.Ses;

/// <summary>Signs calls with AWS Signature Version 4.</summary>
internal static class SesSigner
{
    // "ses" is the service's name in signatures, whatever its host is called.
    private const string Service = "ses";

    private const string HashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// <summary>Adds the signature to the request.</summary>
    /// <param name="request">Complete but for it.</param>
    /// <param name="hash">The body's SHA-256 as hexadecimal digits; null: it has no body.</param>
    /// <param name="region">Of the host.</param>
    /// <param name="credentials">Whose.</param>
    /// <param name="now">Now; the host takes five minutes more or less.</param>
    public static void Sign(HttpRequestMessage request, string? hash, string region, ImmutableCredentials credentials, DateTimeOffset now)
    {
        var signing = new AWSSigningRequest { HttpMethod = request.Method, RequestUri = request.RequestUri };
        signing.Headers["x-amz-content-sha256"] = hash ?? HashOfNothing;
        if (request.Content?.Headers.ContentType is { } type)
            signing.Headers["content-type"] = type.ToString();
        var signed = AWSSigV4Signer.Sign(signing, new AWSSigV4Parameters
        {
            Credentials = CredentialsOf(credentials),
            Region = RegionEndpoint.GetBySystemName(region),
            Service = Service,
            SignedAt = now.UtcDateTime,
        });
        foreach (var (name, value) in signed.Headers)
            request.Headers.TryAddWithoutValidation(name, value);
    }

    private static AWSCredentials CredentialsOf(ImmutableCredentials credentials) =>
        credentials.UseToken
            ? new SessionAWSCredentials(credentials.AccessKey, credentials.SecretKey, credentials.Token)
            : new BasicAWSCredentials(credentials.AccessKey, credentials.SecretKey);
}
