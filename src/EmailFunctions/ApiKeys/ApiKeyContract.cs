using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using EmailFunctions.Access;
using EmailFunctions.Wire;

namespace EmailFunctions.ApiKeys;

/// <summary>What a key is to be.</summary>
internal sealed record ApiKeyRequest
{
    [Description("Tells the key from others.")]
    [Length(1, 100)]
    public string? Name { get; init; }

    [Description("What the key is good for: one or more of send, read, config, admin.")]
    public IReadOnlyList<string>? Scopes { get; init; }

    [Description("Until when the key is good: at most 731 days away; absent: a year.")]
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A key, as it is shown.</summary>
internal sealed record ApiKeyShown(
    string Id, string? TenantId, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset ExpiresAt, DateTimeOffset? LastUsedAt)
{
    public static ApiKeyShown Of(ApiKey key) => new(key.Id, key.Tenant?.Value, key.Name, ScopeNames.Of(key.Scopes), key.CreatedAt, key.CreatedBy, key.ExpiresAt, key.LastUsedAt);
}

/// <summary>A new key, with its text, which is shown this once.</summary>
internal sealed record ApiKeyMade(
    string Id, string Key, string? TenantId, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset ExpiresAt)
{
    // The text is a secret, and a record prints its members.
    public override string ToString() => $"{nameof(ApiKeyMade)} {Id}";
}

internal sealed record ApiKeyList(IReadOnlyList<ApiKeyShown> ApiKeys);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(ApiKeyRequest))]
[JsonSerializable(typeof(ApiKeyMade))]
[JsonSerializable(typeof(ApiKeyList))]
internal sealed partial class ApiKeyJson : JsonSerializerContext;
