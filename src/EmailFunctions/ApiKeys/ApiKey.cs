using EmailFunctions.Access;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.ApiKeys;

/// <summary>An API key as it is stored: all but its text, of which there is a keyed hash.</summary>
/// <param name="Id">Its id, 24 hexadecimal digits.</param>
/// <param name="Tenant">Whose it is; null: for all tenants.</param>
/// <param name="Name">What its maker calls it.</param>
/// <param name="Scopes">What it is good for.</param>
/// <param name="Hash">HMAC-SHA-256 of its text and of what it is good for, see <see cref="ApiKeyHasher"/>.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">By whom (<see cref="Caller.Name"/>).</param>
/// <param name="ExpiresAt">From when on it is no good.</param>
/// <param name="LastUsedAt">When it was last used, to the hour; null: never.</param>
internal sealed record ApiKey(
    string Id, TenantId? Tenant, string Name, Scopes Scopes, byte[] Hash, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset ExpiresAt, DateTimeOffset? LastUsedAt)
{
    /// <summary>The version that was read.</summary>
    public string? ETag { get; init; }

    /// <summary>What it is, for the record of who made it.</summary>
    public string Summary => FormattableString.Invariant($"{Name}: {string.Join(' ', ScopeNames.Of(Scopes))}, until {ExpiresAt:yyyy-MM-dd}");

    public Caller ToCaller() => new(Tenant, IsAdmin: Tenant is null) { Scopes = Scopes, Name = "key:" + Id };

    public static ApiKey Read(Entity entity) => new(
        entity.Key.Row,
        entity.GetString("tenant") is { } tenant && TenantId.TryParse(tenant, out var id) ? id : null,
        entity.GetString("name")!,
        (Scopes)entity.GetInt64("scopes")!.Value,
        entity.GetBytes("hash")!,
        entity.GetTime("created_at")!.Value,
        entity.GetString("created_by")!,
        entity.GetTime("expires_at")!.Value,
        entity.GetTime("last_used_at"))
    { ETag = entity.ETag };

    public Entity ToEntity(EntityKey key) => new(key)
    {
        ["tenant"] = Tenant?.Value,
        ["name"] = Name,
        ["scopes"] = (long)Scopes,
        ["hash"] = Hash,
        ["created_at"] = CreatedAt,
        ["created_by"] = CreatedBy,
        ["expires_at"] = ExpiresAt,
        ["last_used_at"] = LastUsedAt,
    };
}
