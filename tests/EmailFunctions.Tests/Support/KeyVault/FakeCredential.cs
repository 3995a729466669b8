using Azure.Core;

namespace EmailFunctions.Tests.Support.KeyVault;

/// <summary>Hands out one token and remembers for what it was asked.</summary>
internal sealed class FakeCredential(FakeVault vault, TimeProvider time) : TokenCredential
{
    private readonly List<TokenRequestContext> _requests = [];

    /// <summary>What it was asked for, in order.</summary>
    public IReadOnlyList<TokenRequestContext> Requests => _requests;

    /// <summary>Thrown instead of an answer.</summary>
    public Exception? Failure { get; set; }

    public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken)
    {
        _requests.Add(requestContext);
        return Failure is null
            ? ValueTask.FromResult(new AccessToken(vault.Token, time.GetUtcNow().AddHours(1)))
            : ValueTask.FromException<AccessToken>(Failure);
    }

    public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
