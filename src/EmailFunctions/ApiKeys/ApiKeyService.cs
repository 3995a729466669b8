using EmailFunctions.Access;
using EmailFunctions.Problems;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;

namespace EmailFunctions.ApiKeys;

/// <summary>Makes, lists and revokes API keys.</summary>
internal sealed class ApiKeyService(ApiKeyStore store, ApiKeyHasher hasher, ApiKeyVerifier verifier, TenantStates states, TimeProvider time)
{
    /// <summary>How many keys a tenant may have, and how many there may be for all tenants.</summary>
    public const int MaxKeys = 100;

    private const int MaxName = 100;

    private static readonly TimeSpan UsualLife = TimeSpan.FromDays(365);
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(731);

    /// <summary>Makes a key.</summary>
    /// <param name="tenant">Whose; null: for all tenants.</param>
    /// <param name="request">What it is to be.</param>
    /// <param name="maker">Who makes it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ProblemException">400: a field is not what it must be; 409: there are <see cref="MaxKeys"/> already, or the tenant leaves.</exception>
    public async Task<(ApiKey Key, string Text)> CreateAsync(TenantId? tenant, ApiKeyRequest request, string maker, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var scopes = Check(request, now);
        if (tenant is not null && await states.ReadAsync(tenant, cancellationToken) is { IsLeaving: true })
            throw Problem.Conflict(TenantState.Leaving);
        await MakeRoomAsync(tenant, now, cancellationToken);
        var id = ApiKeyToken.NewId(tenant);
        var text = ApiKeyToken.New(id);
        var end = request.ExpiresAt ?? now + UsualLife;
        var hash = await hasher.HashAsync(text, tenant, scopes, end, cancellationToken);
        var key = new ApiKey(id, tenant, request.Name!, scopes, hash, now, maker, end, LastUsedAt: null);
        if (!await store.InsertAsync(key, cancellationToken))
            throw Problem.Conflict("The key's id is taken. Send the request again.");
        return (key, text);
    }

    public Task<IReadOnlyList<ApiKey>> ListAsync(TenantId? tenant, CancellationToken cancellationToken) => store.ListAsync(tenant, cancellationToken);

    /// <summary>Ends a key: here at once, at other instances within ten seconds.</summary>
    /// <exception cref="ProblemException">404: the tenant has no such key.</exception>
    public async Task RevokeAsync(TenantId? tenant, string id, CancellationToken cancellationToken)
    {
        // What the id begins with says of most others' keys that they are theirs, without a look.
        if (!ApiKeyToken.IsId(id) || !id.StartsWith(ApiKeyToken.TagOf(tenant), StringComparison.Ordinal) || await store.FindAsync(id, cancellationToken) is not { } key || key.Tenant != tenant || !await store.DeleteAsync(id, cancellationToken))
            throw Problem.NotFound("There is no such key; the list shows those that there are.");
        verifier.Forget(id);
    }

    /// <summary>Ends all keys of a tenant.</summary>
    public async Task RevokeAllAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        foreach (var key in await store.ListAsync(tenant, cancellationToken))
        {
            await store.DeleteAsync(key.Id, cancellationToken);
            verifier.Forget(key.Id);
        }
    }

    private static Scopes Check(ApiKeyRequest request, DateTimeOffset now)
    {
        var errors = new FieldErrors();
        if (request.Name is not { Length: > 0 and <= MaxName } name || name.Any(char.IsControl) || string.IsNullOrWhiteSpace(name))
            errors.Add("name", $"must be 1 to {MaxName} characters, none of them a control character");
        var scopes = (request.Scopes ?? []).Select(static scope => ScopeNames.Parse(scope ?? "")).ToList();
        if (scopes.Count == 0 || scopes.Contains(Scopes.None))
            errors.Add("scopes", ScopeNames.Requirement);
        if (request.ExpiresAt <= now || request.ExpiresAt > now + LongestLife)
            errors.Add("expires_at", $"must be in the future, and at most {LongestLife.Days} days away");
        return errors.Any ? throw Problem.Invalid(errors) : scopes.Aggregate(static (all, scope) => all | scope);
    }

    // Those that are over stay in the list, for whoever wonders why a key is no good, until there is no room for a new one.
    private async Task MakeRoomAsync(TenantId? tenant, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var keys = await store.ListAsync(tenant, cancellationToken);
        if (keys.Count < MaxKeys)
            return;
        var over = keys.Where(key => key.ExpiresAt <= now).ToList();
        if (over.Count == 0)
            throw Problem.Conflict($"There are {MaxKeys} keys already, and none of them is over. Revoke one that is not used.");
        foreach (var key in over)
            await store.DeleteAsync(key.Id, cancellationToken);
    }
}
