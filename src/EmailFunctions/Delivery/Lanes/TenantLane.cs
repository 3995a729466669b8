using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Delivery.Lanes;

/// <summary>
/// The way of one tenant's works to its limits entity: what arrives while a write is under way shares the next one. Between
/// writes the entity is kept, so that a message costs one conditional write and no read as long as no other process writes it.
/// </summary>
internal sealed class TenantLane(TenantId tenant, LaneParts parts)
{
    // The limits' own row and the marks take the rest of a batch's places.
    private const int MaxWrites = EntityLimits.MaxBatchEntities - 10;
    private const int MaxWorks = 24;
    private const int MaxExpired = 15;
    private const int MaxTries = 60;

    // What is torn so often is not two reads with a change between them: the line is counted.
    private const int MaxTears = 10;

    private readonly Lock _gate = new();
    private readonly Queue<LaneWork> _waiting = new();
    private bool _isRunning;

    // The entity as this process read or wrote it last; null where it must be read.
    private Known? _known;

    // The same as it is stored, for others to look at while this lane changes its own.
    private volatile Entity? _stored;

    /// <summary>The limits as this process read or wrote them last, which may be old; null where it never did.</summary>
    public TenantLimits? Snapshot() => _stored is { } entity ? LimitsRow.Read(entity, parts.Timing) : null;

    /// <summary>Adds a work; its answer comes with the batch that it joins.</summary>
    public void Add(LaneWork work)
    {
        lock (_gate)
        {
            _waiting.Enqueue(work);
            if (_isRunning)
                return;
            _isRunning = true;
        }

        _ = RunAsync();
    }

    private async Task RunAsync()
    {
        while (TakeWorks() is { Count: > 0 } works)
        {
            try
            {
                await FinishAsync(works);
            }
#pragma warning disable CA1031 // Whatever happens, those who wait must be told.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _known = null;
                foreach (var work in works)
                    work.Fail(exception);
            }
        }
    }

    // As many as fit into a batch. None: the lane rests.
    private List<LaneWork> TakeWorks()
    {
        lock (_gate)
        {
            var works = new List<LaneWork>();
            var writes = 0;
            while (works.Count < MaxWorks && _waiting.TryPeek(out var next) && (works.Count == 0 || writes + next.MaxWrites <= MaxWrites))
            {
                writes += next.MaxWrites;
                works.Add(_waiting.Dequeue());
            }

            _isRunning = works.Count > 0;
            return works;
        }
    }

    // Tries until each work is done or refused.
    private async Task FinishAsync(List<LaneWork> works)
    {
        var tears = 0;
        for (var tries = 1; works.Count > 0; tries++)
        {
            if (tries > MaxTries)
                throw new StoreUnavailableException("The tenant's limits are written by too many at once.");
            if (tries > 2)
                await Task.Delay(parts.Backoff(tries), parts.Time);
            var wasKnown = _known is not null;
            if (await PrepareAsync(works, counts: tears == MaxTears) is not { } batch)
            {
                // Nobody was in the way.
                tries--;
                continue;
            }

            Apply(works, batch);
            if ((batch.IsDoubtful && wasKnown) || (batch.IsTorn && ++tears <= MaxTears))
                _known = null;
            else if (!batch.IsChanged && batch.Writes.Count == 0)
                Complete(works, etags: null);
            else
                await WriteAsync(works, batch);
        }
    }

    // A second work for the same row is refused: its row is another by then.
    private static void Apply(List<LaneWork> works, LaneBatch batch)
    {
        foreach (var work in works.ToList())
        {
            if (work.Row is { } id && batch.Written.Contains(id))
            {
                works.Remove(work);
                work.Refuse();
                continue;
            }

            work.FirstWrite = batch.Writes.Count;
            work.Apply(batch);
            work.EndWrite = batch.Writes.Count;
        }
    }

    // Null: what was found had to be dealt with first.
    private async Task<LaneBatch?> PrepareAsync(List<LaneWork> works, bool counts)
    {
        var mayBeNew = works.Exists(static work => work is PlanWork { LimitsMayBeNew: true });
        var policy = await parts.Policies.GetAsync(tenant, mayBeNew, CancellationToken.None);
        counts |= works.Exists(static work => work is PlanWork { CountsLine: true });
        if (counts)
            _known = null;
        var line = await ReadAsync(works, policy.Limits);
        var limits = _known!.Limits;
        // The entity may know newer limits than this process, or older ones: the store decides.
        if (limits.Rules != policy.Limits && !mayBeNew)
            policy = await parts.Policies.GetAsync(tenant, fresh: true, CancellationToken.None);
        if (line.Expired.Count > 0)
        {
            await ExpireAsync();
            return null;
        }

        var batch = new LaneBatch(limits, policy, parts.Claims, line, parts.Timing, parts.Time.GetUtcNow(), Guid.NewGuid().ToString("N"));
        if (counts)
        {
            limits.Line = await parts.Ledger.CountLineAsync(tenant, CancellationToken.None);
            batch.IsChanged = true;
        }

        if (limits.Rules != policy.Limits)
        {
            batch.IsChanged = true;
            limits.Replan(policy.Limits, batch.NowMilliseconds).ForEach(batch.Book);
        }

        return batch;
    }

    // Where one has expired others may have.
    private async Task ExpireAsync()
    {
        var now = parts.Time.GetUtcNow();
        var line = await LineHead.ReadAsync(parts.Ledger, tenant, first: null, MaxExpired, low: 0, now);
        var low = await LineHead.ReadAsync(parts.Ledger, tenant, first: null, wanted: 1, low: 1, now);
        await FinishAsync([.. line.Expired.Concat(low.Expired).DistinctBy(static entry => entry.Id)
            .Select(entry => new ChangeWork(entry, Outcomes.Expire(entry, now), []) { Refund = entry.Unspent })]);
    }

    // The limits, where they are not known, and as much of the line as the works need: both by one query where they need both.
    private async Task<LineHead> ReadAsync(List<LaneWork> works, LimitRules rules)
    {
        var wanted = works.Count(static work => work.TakesFromLine);
        IReadOnlyList<MessageId>? first = null;
        if (_known is null && wanted > 0)
        {
            (var head, first) = await parts.Ledger.ListLineWithHeadAsync(tenant, wanted, CancellationToken.None);
            _known = Read(head, rules);
        }
        else
        {
            _known ??= Read(await parts.Table.GetAsync(LimitsRow.KeyOf(tenant), CancellationToken.None), rules);
        }

        var limits = _known.Limits;
        wanted = Math.Min(wanted, limits.InLine);
        return wanted == 0
            ? LineHead.Empty
            : await LineHead.ReadAsync(parts.Ledger, tenant, first, wanted, limits.LowTurns(wanted), parts.Time.GetUtcNow());
    }

    private Known Read(Entity? entity, LimitRules rules)
    {
        _stored = entity;
        return entity is null
            ? new Known(new TenantLimits(parts.Timing, rules), ETag: null)
            : new Known(LimitsRow.Read(entity, parts.Timing), entity.ETag);
    }

    private async Task WriteAsync(List<LaneWork> works, LaneBatch batch)
    {
        var known = _known!;
        // Until the write is known to have taken place, what is in memory is only a wish.
        _known = null;
        EntityWrite[] writes =
        [
            LimitsRow.ToWrite(tenant, batch.Limits, batch.WriteId, known.ETag),
            .. batch.Writes,
            .. batch.Marks.Select(mark => QuotaMark.ToWrite(tenant, mark.Limit, mark.Percent, mark.At)),
        ];
        WriteResult result;
        try
        {
            result = await parts.Table.WriteAsync(writes, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            if (!await SettleAsync(works, batch.WriteId))
                return;
            result = WriteResult.Done([]);
        }

        if (result.IsDone)
        {
            _stored = writes[0].Entity;
            if (result.ETags.Count > 0)
                _known = new Known(batch.Limits, result.ETags[0]);
            await parts.FollowAsync(tenant, batch);
            Complete(works, result.ETags);
        }
        else if (works.Find(work => result.RefusedIndex > work.FirstWrite && result.RefusedIndex <= work.EndWrite) is { } refused)
        {
            works.Remove(refused);
            refused.Refuse();
        }
    }

    // Whether a write whose answer was lost took place: the limits' row says so, or, where that was written again since, a message's.
    private Task<bool> SettleAsync(List<LaneWork> works, string writeId) => StoreOutage.OutlastAsync(
        async () =>
        {
            if (await parts.Table.GetAsync(LimitsRow.KeyOf(tenant), CancellationToken.None) is { } entity && LimitsRow.WriteIdOf(entity) == writeId)
                return true;
            foreach (var id in works.Select(static work => work.Witness).OfType<MessageId>())
            {
                if ((await parts.Ledger.GetAsync(id, CancellationToken.None))?.WriteId == writeId)
                    return true;
            }

            return false;
        },
        parts.Time);

    private static void Complete(List<LaneWork> works, IReadOnlyList<string>? etags)
    {
        foreach (var work in works)
            work.Complete(etags is not null && work.EndWrite > work.FirstWrite && etags.Count > 0 ? etags[work.FirstWrite + 1] : null);
        works.Clear();
    }

    private sealed record Known(TenantLimits Limits, string? ETag);
}
