using EmailFunctions.Problems;

namespace EmailFunctions.Access;

/// <summary>Knows the service's own API keys.</summary>
public interface IApiKeyVerifier
{
    /// <summary>Whether a credential has the form of one of our keys, whoever made it.</summary>
    bool IsApiKey(string credential);

    /// <summary>Whom a key lets in; null where it is none of ours, was revoked within at most ten seconds, or is over.</summary>
    /// <exception cref="ProblemException">503: it can't be told now.</exception>
    Task<Caller?> FindAsync(string credential, CancellationToken cancellationToken);
}
