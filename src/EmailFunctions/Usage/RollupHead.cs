using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>
/// How far a tenant's usage is rolled up: a row of its partition that each change of a roll-up replaces in the same batch, so that of two runs at once one is refused.
/// </summary>
/// <param name="Tenant">Whose.</param>
internal sealed record RollupHead(TenantId Tenant)
{
    private const string Row = "rollup-head";

    /// <summary>Earlier hours were over when they were rolled up. Stays behind where there is no mail, see <see cref="RolledBefore"/>.</summary>
    public DateTimeOffset LiveFrom { get; init; } = UsageTime.Beginning;

    /// <summary>Earlier days were rolled up a second time, with the rows that had come late.</summary>
    public DateTimeOffset CheckedBefore { get; init; } = UsageTime.Beginning;

    /// <summary>Earlier days were rolled up for the last time.</summary>
    public DateTimeOffset FinalBefore { get; init; } = UsageTime.Beginning;

    /// <summary>Earlier rows are removed, or are about to be: they must not be relied upon. Never after <see cref="FinalBefore"/>.</summary>
    public DateTimeOffset RemovedBefore { get; init; } = UsageTime.Beginning;

    /// <summary>Earlier rows are gone.</summary>
    public DateTimeOffset CleanedBefore { get; init; } = UsageTime.Beginning;

    /// <summary>All earlier hours are rolled up; later usage is in the rows, and in roll-ups that may lack the last few minutes.</summary>
    public DateTimeOffset RolledBefore => UsageTime.Later(LiveFrom, UsageTime.Later(CheckedBefore, FinalBefore));

    /// <summary>The last change's.</summary>
    public long Revision { get; init; }

    /// <summary>The day that the last change was about, whose copy in the index may be older; null: it is not.</summary>
    public DateTimeOffset? Unindexed { get; init; }

    /// <summary>The version that was read; null: none is stored.</summary>
    public string? ETag { get; init; }

    public static async Task<RollupHead> ReadAsync(IEntityTable table, TenantId tenant, CancellationToken cancellationToken)
    {
        if (await table.GetAsync(new EntityKey(tenant.Partition, Row), cancellationToken) is not { } entity)
            return new RollupHead(tenant);
        return new RollupHead(tenant)
        {
            LiveFrom = entity.GetTime("live_from")!.Value,
            CheckedBefore = entity.GetTime("checked_before")!.Value,
            FinalBefore = entity.GetTime("final_before")!.Value,
            RemovedBefore = entity.GetTime("removed_before")!.Value,
            CleanedBefore = entity.GetTime("cleaned_before")!.Value,
            Revision = entity.GetInt64("revision")!.Value,
            Unindexed = entity.GetTime("unindexed"),
            ETag = entity.ETag,
        };
    }

    /// <summary>Refused unless the version that was read is the one that is stored.</summary>
    public EntityWrite ToWrite()
    {
        var entity = new Entity(Tenant.Partition, Row)
        {
            ["live_from"] = LiveFrom,
            ["checked_before"] = CheckedBefore,
            ["final_before"] = FinalBefore,
            ["removed_before"] = RemovedBefore,
            ["cleaned_before"] = CleanedBefore,
            ["revision"] = Revision,
            ["unindexed"] = Unindexed,
        };
        return ETag is null ? EntityWrite.Insert(entity) : EntityWrite.Replace(entity, ETag);
    }
}
