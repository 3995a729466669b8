using System.Text.RegularExpressions;
using Azure.Core;
using Azure.Core.Pipeline;

namespace EmailFunctions.Keys.KeyVault;

/// <summary>
/// Gives the vault a token. Which one, the vault says itself in its answer to a call without: its tenant and its resource. A token
/// is asked for only where that resource is the vault's own domain, else a vault (or who poses as one) could have tokens for
/// other services sent to it.
/// </summary>
/// <remarks>Azure.Core's policy for bearer tokens is not used since it refuses http also where a test has its vault on this machine.</remarks>
internal sealed partial class KeyVaultTokenPolicy(KeyVaultAddress key, TokenCredential credential, TimeProvider time) : HttpPipelinePolicy, IDisposable
{
    // As the credentials of Azure.Identity: what is about to expire is not sent.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _gate = new(1);
    private TokenRequestContext? _audience;
    private AccessToken _token;

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        if (!key.IsOfThisVault(message.Request.Uri.ToUri()))
            throw new InvalidOperationException("A token of the vault would go to another address.");

        if (_audience is null)
            await AskAsync(message, pipeline);
        else
            await SendAsync(message, pipeline);

        // Also with a token: the vault's tenant may have changed, or the token was revoked.
        if (message.Response.Status != 401)
            return;
        await LearnAsync(message);
        await SendAsync(message, pipeline);
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        throw new NotSupportedException("The vault is called asynchronously only.");

    public void Dispose() => _gate.Dispose();

    // Without its content, which is nobody's business who has not asked for a token yet.
    private static async ValueTask AskAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var content = message.Request.Content;
        message.Request.Content = null;
        try
        {
            await ProcessNextAsync(message, pipeline);
        }
        finally
        {
            message.Request.Content = content;
        }
    }

    private async ValueTask SendAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        message.Request.Headers.SetValue("Authorization", "Bearer " + await TokenAsync(message.CancellationToken));
        await ProcessNextAsync(message, pipeline);
    }

    private async Task LearnAsync(HttpMessage message)
    {
        var audience = ReadChallenge(message);
        message.Response.Dispose();
        await _gate.WaitAsync(message.CancellationToken);
        _audience = audience;
        _token = default;
        _gate.Release();
    }

    private async Task<string> TokenAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if (_token.ExpiresOn <= now + Margin || _token.RefreshOn <= now)
                _token = await credential.GetTokenAsync(_audience!.Value, cancellationToken);
            return _token.Token;
        }
        finally
        {
            _gate.Release();
        }
    }

    private TokenRequestContext ReadChallenge(HttpMessage message)
    {
        message.Response.Headers.TryGetValue("WWW-Authenticate", out var header);
        var parts = Parameter().Matches(header ?? "").ToLookup(static part => part.Groups["name"].Value, static part => part.Groups["value"].Value, StringComparer.OrdinalIgnoreCase);
        var resource = parts["resource"].Concat(parts["scope"]).FirstOrDefault();
        if (!Uri.TryCreate(resource, UriKind.Absolute, out var uri) || uri.Scheme != key.Key.Scheme || !IsDomainOfVault(uri.Host))
        {
            throw new KeyUnavailableException(
                $"The vault of the key {key} asks for a token that is not one for its own domain, and gets none. Check that the address is that of a Key Vault key.");
        }

        var tenant = Uri.TryCreate(parts["authorization"].FirstOrDefault(), UriKind.Absolute, out var authority) ? authority.AbsolutePath.Trim('/') : "";
        return new TokenRequestContext([$"{uri.Scheme}://{uri.Host}/.default"], tenantId: tenant.Length > 0 ? tenant : null);
    }

    // my-vault.vault.azure.net takes tokens for vault.azure.net; an address without a domain takes its own.
    private bool IsDomainOfVault(string host)
    {
        var vault = key.Key.Host;
        var domain = key.Key.HostNameType == UriHostNameType.Dns && vault.Contains('.', StringComparison.Ordinal) ? vault[(vault.IndexOf('.', StringComparison.Ordinal) + 1)..] : vault;
        return string.Equals(host, domain, StringComparison.OrdinalIgnoreCase);
    }

    [GeneratedRegex("(?<name>[a-zA-Z_]+)=\"(?<value>[^\"]*)\"", RegexOptions.CultureInvariant)]
    private static partial Regex Parameter();
}
