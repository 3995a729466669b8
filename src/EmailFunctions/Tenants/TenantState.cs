using System.ComponentModel;
using EmailFunctions.Storage;

namespace EmailFunctions.Tenants;

/// <summary>What holds of a tenant that is not simply at work.</summary>
public enum TenantPhase
{
    /// <summary>An admin has stopped it: its mail waits.</summary>
    Suspended,

    /// <summary>It is being let go again.</summary>
    Resuming,

    /// <summary>All that it has is being deleted.</summary>
    Offboarding,

    /// <summary>All is deleted; for some minutes its name is not free, since other instances may still know the tenant.</summary>
    Offboarded,
}

/// <summary>The state of a tenant that is not simply at work.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Phase">What holds of it.</param>
/// <param name="Reason">Why it was suspended, in an admin's words.</param>
/// <param name="Since">When it was suspended.</param>
/// <param name="By">The credential that suspended it.</param>
public sealed record TenantState(TenantId Tenant, TenantPhase Phase, string Reason, DateTimeOffset Since, string By)
{
    /// <summary>Why a request is refused that is for a tenant who leaves.</summary>
    public const string Leaving = "The tenant is being offboarded: all that it has is being deleted. Its name is free again in a while.";

    internal const string Partition = "tenant-states";

    /// <summary>When the phase began.</summary>
    public required DateTimeOffset PhaseSince { get; init; }

    /// <summary>Whether all that follows from the phase has been seen to.</summary>
    public bool IsSettled { get; init; }

    /// <summary>Rows that were deleted of a tenant that leaves.</summary>
    public long RemovedRows { get; init; }

    /// <summary>The version that was read; null: it is new.</summary>
    public string? ETag { get; init; }

    /// <summary>Whether nothing of it is to be sent.</summary>
    public bool IsStopped => Phase != TenantPhase.Resuming;

    /// <summary>Whether it has nothing more to come.</summary>
    public bool IsLeaving => Phase is TenantPhase.Offboarding or TenantPhase.Offboarded;

    /// <summary>As its users see it; null where they need not know.</summary>
    public SuspensionView? ToSuspension() => IsStopped ? new SuspensionView(Reason, Since) : null;

    internal static TenantState? Read(Entity entity) =>
        TenantId.TryParse(entity.Key.Row, out var tenant) && Enum.TryParse<TenantPhase>(entity.GetString("phase"), out var phase)
            ? new TenantState(tenant, phase, entity.GetString("reason")!, entity.GetTime("since")!.Value, entity.GetString("by")!)
            {
                PhaseSince = entity.GetTime("phase_since")!.Value,
                IsSettled = entity.GetBoolean("settled") ?? false,
                RemovedRows = entity.GetInt64("removed_rows") ?? 0,
                ETag = entity.ETag,
            }
            : null;

    internal EntityWrite ToWrite()
    {
        var entity = new Entity(Partition, Tenant.Value)
        {
            ["phase"] = Phase.ToString(),
            ["reason"] = Reason,
            ["since"] = Since,
            ["by"] = By,
            ["phase_since"] = PhaseSince,
            ["settled"] = IsSettled,
            ["removed_rows"] = RemovedRows,
        };
        return ETag is null ? EntityWrite.Insert(entity) : EntityWrite.Replace(entity, ETag);
    }
}

/// <summary>That a tenant is suspended, as its users see it.</summary>
public sealed record SuspensionView([property: Description("Why, in the admin's words.")] string Reason, DateTimeOffset Since);
