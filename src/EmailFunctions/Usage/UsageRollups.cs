using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>
/// Rolls up a tenant's usage rows by hour and provider. An hour is always summed up anew from its rows and put in the place of what was
/// there, never added to it, so a run may end at any moment and be repeated at will.
/// 1. The hours that are not over, or were over only just now, in each run.
/// 2. Each day once more an hour after its end, with the rows that came late.
/// 3. Each day for the last time three days after its end. Only then may its rows be removed.
/// </summary>
internal sealed class UsageRollups(IEntityTable table, UsageIndex index, TimeProvider time)
{
    /// <summary>How long after its end an hour is rolled up in each run. An outcome is written within 7 minutes, or not at all.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(15);

    /// <summary>How long after its end a day is rolled up once more.</summary>
    public static readonly TimeSpan CheckAfter = TimeSpan.FromHours(1);

    /// <summary>How long after its end a day is rolled up for the last time: later rows are not counted in it.</summary>
    public static readonly TimeSpan FinalAfter = TimeSpan.FromDays(3);

    /// <summary>Does all that is due of a tenant.</summary>
    /// <returns>False: it stopped between two days, since the reads were used up.</returns>
    /// <exception cref="StoreUnavailableException">What was done stays done.</exception>
    public async Task<bool> RollAsync(TenantId tenant, ReadBudget reads, CancellationToken cancellationToken)
    {
        reads.Take();
        var run = new Run(table, index, await RollupHead.ReadAsync(table, tenant, cancellationToken), reads, cancellationToken);
        return await run.GoAsync(time.GetUtcNow());
    }

    /// <summary>A pass over rows.</summary>
    /// <param name="From">The first hour.</param>
    /// <param name="To">The end, exclusive.</param>
    /// <param name="Mark">Notes in the head that the pass has come up to a time.</param>
    /// <param name="Done">Up to where it has come at its end.</param>
    /// <param name="IsFinal">It is the days' last.</param>
    /// <param name="MarksNothing">Whether its end is noted also where there was no row.</param>
    private sealed record Pass(
        DateTimeOffset From, DateTimeOffset To, Func<RollupHead, DateTimeOffset, RollupHead> Mark, DateTimeOffset Done, bool IsFinal = false, bool MarksNothing = true);

    private sealed class Run(IEntityTable table, UsageIndex index, RollupHead head, ReadBudget reads, CancellationToken cancellationToken)
    {
        private RollupHead _head = head;

        // Another run is at this tenant, and does what is due.
        private bool _isLost;

        // The most lasting first: what it did, the others need not do, and so a backlog is read once.
        public async Task<bool> GoAsync(DateTimeOffset now)
        {
            await IndexRestAsync();
            var final = UsageTime.DayOf(now - FinalAfter);
            if (!await DoAsync(new Pass(_head.FinalBefore, final, static (head, time) => head with { FinalBefore = time }, final, IsFinal: true)))
                return _isLost;
            var check = UsageTime.DayOf(now - CheckAfter);
            if (!await DoAsync(new Pass(UsageTime.Later(_head.CheckedBefore, _head.FinalBefore), check, static (head, time) => head with { CheckedBefore = time }, check)))
                return _isLost;
            // Rows of a clock that is ahead are not missed: they are found again when their hour has come. Where nothing happens, nothing
            // is written, and the next run begins where this one did.
            var live = UsageTime.HourOf(now - Grace);
            return await DoAsync(new Pass(
                _head.RolledBefore, UsageTime.HourOf(now) + UsageTime.Day, (head, time) => head with { LiveFrom = UsageTime.Later(head.LiveFrom, UsageTime.Earlier(time, live)) }, live, MarksNothing: false)) || _isLost;
        }

        // False: the reads are used up, or another run is faster.
        private async Task<bool> DoAsync(Pass pass)
        {
            if (pass.From >= pass.To)
                return true;
            DateTimeOffset? day = null;
            var hours = new Dictionary<int, UsageByProvider>();
            var query = UsageRow.Between(_head.Tenant, pass.From, pass.To);
            do
            {
                reads.Take();
                var page = await table.QueryAsync(query, cancellationToken);
                foreach (var row in page.Entities.Select(entity => UsageRow.Read(_head.Tenant, entity)))
                {
                    if (day is { } before && UsageTime.DayOf(row.At) != before)
                    {
                        if (!await WriteAsync(pass, before, hours, before + UsageTime.Day) || reads.AreUsedUp)
                            return false;
                        hours.Clear();
                    }

                    day = UsageTime.DayOf(row.At);
                    if (!hours.TryGetValue(row.At.UtcDateTime.Hour, out var usage))
                        hours.Add(row.At.UtcDateTime.Hour, usage = new UsageByProvider());
                    usage.Add(row);
                }

                query = query with { Continuation = page.Continuation };
            }
            while (query.Continuation is not null);
            if (day is { } last)
                return await WriteAsync(pass, last, hours, pass.Done);
            return !pass.MarksNothing || await WriteAsync(pass.Mark(_head, pass.Done) with { Unindexed = null });
        }

        private async Task<bool> WriteAsync(Pass pass, DateTimeOffset day, Dictionary<int, UsageByProvider> hours, DateTimeOffset done)
        {
            var before = await ReadDayAsync(day);
            var after = before.With(hours) with { Revision = _head.Revision + 1 };
            var marked = pass.Mark(_head, done);
            if (!pass.IsFinal && after.HasSameHours(before))
                return marked == _head || await WriteAsync(marked with { Unindexed = null });
            if (!await WriteAsync(marked with { Revision = after.Revision, Unindexed = day }, after.ToWrite()))
                return false;
            await index.WriteAsync(after, pass.IsFinal, cancellationToken);
            return true;
        }

        private async Task<bool> WriteAsync(RollupHead next, params EntityWrite[] more)
        {
            var result = await table.WriteAsync([next.ToWrite(), .. more], cancellationToken);
            _isLost = !result.IsDone;
            if (result.IsDone)
                _head = next with { ETag = result.ETags[0] };
            return result.IsDone;
        }

        // A run that was killed before it had copied its last change, or was refused by the index for the moment.
        private async Task IndexRestAsync()
        {
            if (_head.Unindexed is not { } day)
                return;
            reads.Take();
            if (await index.RevisionAsync(_head.Tenant, day, cancellationToken) < _head.Revision)
                await index.WriteAsync(await ReadDayAsync(day), day < _head.FinalBefore, cancellationToken);
        }

        private async Task<UsageDay> ReadDayAsync(DateTimeOffset day)
        {
            reads.Take();
            return await table.GetAsync(UsageDay.KeyOf(_head.Tenant, day), cancellationToken) is { } entity
                ? UsageDay.Read(_head.Tenant, entity)
                : new UsageDay(_head.Tenant, day);
        }
    }
}

/// <summary>How often a run may read from the store.</summary>
internal sealed class ReadBudget(int count)
{
    private int _left = count;

    public bool AreUsedUp => _left <= 0;

    public void Take() => _left--;
}
