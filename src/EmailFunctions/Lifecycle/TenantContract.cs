using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;

namespace EmailFunctions.Lifecycle;

/// <summary>Why a tenant is to be suspended.</summary>
public sealed record SuspendRequest
{
    [Description("Shown to the tenant, too.")]
    [Required]
    [Length(1, 500)]
    public string? Reason { get; init; }
}

/// <summary>Whether a tenant is at work.</summary>
public sealed record TenantStatus(
    string TenantId,
    [property: Description("active, suspended, resuming, offboarding, or offboarded: all is deleted, and the name is free again in some minutes.")] string State,
    string? Reason,
    DateTimeOffset? SuspendedAt,
    [property: Description("The credential that suspended it.")] string? SuspendedBy,
    [property: Description("When the state began.")] DateTimeOffset? StateSince,
    [property: Description("Rows that were deleted of a tenant that leaves.")] long RemovedRows)
{
    internal static TenantStatus Of(TenantState state) =>
        new(state.Tenant.Value, state.Phase.ToString().ToLowerInvariant(), state.Reason, state.Since, state.By, state.PhaseSince, state.RemovedRows);

    internal static TenantStatus Active(TenantId tenant) => new(tenant.Value, "active", null, null, null, null, 0);
}

/// <summary>The tenants that are not simply at work.</summary>
public sealed record TenantStatusList(IReadOnlyList<TenantStatus> Tenants, DateTimeOffset Timestamp);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(SuspendRequest))]
[JsonSerializable(typeof(TenantStatus))]
[JsonSerializable(typeof(TenantStatusList))]
internal sealed partial class TenantJson : JsonSerializerContext;
