using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;
using EmailFunctions.Usage;

namespace EmailFunctions.Tests.Usage;

/// <summary>Random usage, late rows, sweeps that die or run at once, removal of rows: whatever happens, what is read is what was recorded.</summary>
public sealed class UsageRollupTests(ITestOutputHelper output)
{
    private static readonly DateTimeOffset Start = new(2026, 1, 27, 21, 40, 0, TimeSpan.Zero);

    [Fact]
    public async Task Whatever_dies_when_sums_are_those_of_the_rows()
    {
        output.WriteLine($"PROOF_SEED={Proof.Seed}");
        for (var run = 0; run < Proof.Count(300, 15); run++)
            await new History(Proof.Seed + run, latest: UsageRollups.Grace).GoAsync(mayLag: false);
    }

    [Fact]
    public async Task Rows_that_come_days_late_are_counted()
    {
        output.WriteLine($"PROOF_SEED={Proof.Seed}");
        for (var run = 0; run < Proof.Count(150, 10); run++)
            await new History(Proof.Seed + run, latest: UsageRollups.FinalAfter - TimeSpan.FromMinutes(1)).GoAsync(mayLag: true);
    }

    [Fact]
    public async Task A_run_that_finds_nothing_new_writes_nothing_but_that_it_ran()
    {
        var bench = new UsageBench(new MemoryTable(), Start);
        await bench.Directory.EnterAsync(UsageBench.Tenant("acme"), TestContext.Current.CancellationToken);
        await WriteAsync(bench.Table, Row("1", Start.AddMinutes(-1)));
        await UsageBench.RunAsync(bench.Rollups);
        bench.Table.ResetCounts();

        await UsageBench.RunAsync(bench.Rollups);

        Assert.Equal((4, 2, 1), (bench.Table.Reads, bench.Table.Queries, bench.Table.Writes));
    }

    [Fact]
    public async Task A_tenant_without_mail_costs_two_reads_a_run()
    {
        var bench = new UsageBench(new MemoryTable(), Start);
        await bench.Directory.EnterAsync(UsageBench.Tenant("acme"), TestContext.Current.CancellationToken);
        await UsageBench.RunAsync(bench.Rollups);
        bench.Table.ResetCounts();
        await UsageBench.RunAsync(bench.Rollups);
        var one = bench.Table.Transactions;
        await bench.Directory.EnterAsync(UsageBench.Tenant("other"), TestContext.Current.CancellationToken);
        await UsageBench.RunAsync(bench.Rollups);
        bench.Table.ResetCounts();

        await UsageBench.RunAsync(bench.Rollups);

        Assert.Equal(2, bench.Table.Transactions - one);
    }

    [Theory]
    [InlineData(0, 576, 585)]
    [InlineData(10, 2_000, 2_100)]
    public async Task A_day_of_runs_costs_so_many_transactions(int messages, int least, int most)
    {
        const int Runs = 288;
        var bench = new UsageBench(new MemoryTable(), Start);
        await bench.Directory.EnterAsync(UsageBench.Tenant("acme"), TestContext.Current.CancellationToken);
        var number = 0;
        // The days before, so that each pass has something to do on the day that counts.
        for (var run = 0; run < 6 * Runs; run++)
        {
            if (run == 5 * Runs)
                bench.Table.ResetCounts();
            for (var count = 0; count < messages; count++)
                await bench.Table.WriteAsync([Row($"{number++}", bench.Clock.GetUtcNow()).ToWrite()], TestContext.Current.CancellationToken);
            bench.Clock.Advance(TimeSpan.FromMinutes(5));
            await UsageBench.RunAsync(bench.Rollups);
        }

        // Each run looks where to begin, lists the tenants and notes its end; the messages are written by the test.
        var transactions = bench.Table.Transactions - (Runs * (3 + messages));
        output.WriteLine($"{messages} messages a run: {transactions} transactions a day");
        Assert.InRange(transactions, least, most);
    }

    [Fact]
    public async Task A_burst_up_to_now_is_told_from_the_roll_ups_in_few_reads()
    {
        var (bench, tenant) = (new UsageBench(new MemoryTable(isStrict: false), Start), UsageBench.Tenant("acme"));
        await bench.Directory.EnterAsync(tenant, TestContext.Current.CancellationToken);
        const int Burst = 15_000;
        for (var number = 0; number < Burst; number++)
            await WriteAsync(bench.Table, Row($"{number}", Start.AddMinutes(-5).AddMilliseconds(number)));
        await WriteAsync(bench.Table, Row("old", Start.AddDays(-2)));
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        await UsageBench.RunAsync(bench.Rollups);
        await WriteAsync(bench.Table, Row("new", Start.AddMilliseconds(500)));
        bench.Table.ResetCounts();

        var period = new UsagePeriod(Start.AddDays(-3), bench.Clock.GetUtcNow(), UsageGrouping.Month);
        // Whoever asks for what there is up to now is heard a moment later.
        bench.Clock.Advance(TimeSpan.FromMilliseconds(200));
        var report = UsageReport.Of(await bench.Reader.ReadAsync(tenant, period, TestContext.Current.CancellationToken));

        Assert.Equal(Burst + 1, report.TotalEmails);
        Assert.InRange(bench.Table.Transactions, 1, UsageReader.MaxLivePages + 4);
        bench.Clock.Advance(TimeSpan.FromMinutes(2));
        var exact = UsageReport.Of(await bench.Reader.ReadAsync(tenant, new UsagePeriod(Start.AddDays(-3), Start.AddMilliseconds(600), UsageGrouping.Month), TestContext.Current.CancellationToken));
        Assert.Equal(Burst + 2, exact.TotalEmails);
    }

    [Fact]
    public async Task Rows_are_not_removed_before_their_day_is_rolled_up_for_the_last_time()
    {
        var (bench, tenant) = (new UsageBench(new MemoryTable(), Start), UsageBench.Tenant("acme"));
        await bench.Directory.EnterAsync(tenant, TestContext.Current.CancellationToken);
        await WriteAsync(bench.Table, Row("1", Start));
        bench.Clock.Advance(TimeSpan.FromDays(40));

        await UsageBench.RunAsync(bench.Rows);
        Assert.Equal(1, await CountAsync());
        await UsageBench.RunAsync(bench.Rollups);
        await UsageBench.RunAsync(bench.Rows);
        Assert.Equal(0, await CountAsync());

        var report = UsageReport.Of(await bench.Reader.ReadAsync(tenant, new UsagePeriod(Start.AddDays(-1), Start.AddDays(1), UsageGrouping.Day), TestContext.Current.CancellationToken));
        Assert.Equal(1, report.TotalEmails);

        async Task<int> CountAsync() => (await bench.Table.QueryAsync(EntityQuery.Prefix(tenant.Partition, "usage-"), TestContext.Current.CancellationToken)).Entities.Count;
    }

    [Fact]
    public async Task Rows_that_are_removed_while_they_are_read_are_counted_from_the_roll_ups()
    {
        var (bench, tenant) = (new UsageBench(new MemoryTable(), Start), UsageBench.Tenant("acme"));
        await bench.Directory.EnterAsync(tenant, TestContext.Current.CancellationToken);
        await WriteAsync(bench.Table, Row("1", Start));
        bench.Clock.Advance(TimeSpan.FromDays(5));
        await UsageBench.RunAsync(bench.Rollups);
        bench.Clock.Advance(TimeSpan.FromDays(20));
        bench.Table.AfterRead = () =>
        {
            bench.Table.AfterRead = static () => Task.CompletedTask;
            return UsageBench.RunAsync(bench.Rows);
        };

        var report = UsageReport.Of(await bench.Reader.ReadAsync(tenant, new UsagePeriod(Start.AddDays(-1), Start.AddMinutes(1), UsageGrouping.Day), TestContext.Current.CancellationToken));

        Assert.True(await bench.RemovedBeforeAsync(tenant) > Start);
        Assert.Equal(1, report.TotalEmails);
    }

    [Fact]
    public async Task The_index_keeps_the_newer_copy_of_a_day()
    {
        var index = new UsageIndex(new MemoryTable());
        var day = new UsageDay(UsageBench.Tenant("acme"), UsageTime.DayOf(Start));
        var usage = new UsageByProvider();
        usage.Add(Row("1", Start));
        await index.WriteAsync(day.With(new Dictionary<int, UsageByProvider> { [21] = usage }) with { Revision = 2 }, isFinal: false, TestContext.Current.CancellationToken);

        await index.WriteAsync(day with { Revision = 1 }, isFinal: false, TestContext.Current.CancellationToken);

        var copy = await index.ReadAsync(Start, Start, TestContext.Current.CancellationToken).SingleAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, copy.Total.Total().Emails);
    }

    private static UsageRow Row(string name, DateTimeOffset at) =>
        new(UsageBench.Tenant("acme"), name, at, "smtp", Success: true, 1, 0.001m, TimeSpan.FromMilliseconds(100), WasLimited: false);

    private static async Task WriteAsync(FaultyTable table, UsageRow row) =>
        Assert.True((await table.WriteAsync([row.ToWrite()], TestContext.Current.CancellationToken)).IsDone);

    private sealed class History
    {
        private static readonly string[] Providers = ["smtp", "aws_ses", "none"];

        private readonly int _seed;
        private readonly Random _random;
        private readonly TimeSpan _latest;
        private readonly MemoryTable _store = new();
        private readonly UsageBench _bench;
        private readonly List<TenantId> _tenants;
        private readonly List<UsageRow> _landed = [];
        private readonly List<(DateTimeOffset LandsAt, UsageRow Row)> _waiting = [];
        private int _number;
        private int _depth;

        public History(int seed, TimeSpan latest)
        {
            (_seed, _random, _latest) = (seed, new Random(seed), latest);
            _bench = new UsageBench(_store, Start);
            _tenants = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(static number => UsageBench.Tenant($"tenant{number}"))];
        }

        public async Task GoAsync(bool mayLag)
        {
            foreach (var tenant in _tenants)
                await _bench.Directory.EnterAsync(tenant, TestContext.Current.CancellationToken);
            for (var step = 0; step < 60; step++)
            {
                await PassTimeAsync();
                Record();
                await LandAsync();
                await SweepAsync();
                if (!mayLag)
                    await CheckPeriodAsync();
            }

            await EndAsync();
        }

        private DateTimeOffset Now => _bench.Clock.GetUtcNow();

        private async Task PassTimeAsync()
        {
            var time = _random.Next(10) switch
            {
                0 => TimeSpan.FromDays(_random.Next(1, 4)),
                < 4 => TimeSpan.FromMinutes(_random.Next(30, 600)),
                _ => TimeSpan.FromSeconds(_random.Next(1, 1_800)),
            };
            // What is late lands in between, before a sweep takes its day for done.
            for (var end = Now + time; Now < end;)
            {
                var next = _waiting.Select(static waiting => waiting.LandsAt).Append(end).Min();
                if (next > Now)
                    _bench.Clock.Advance(next - Now);
                await LandAsync();
            }
        }

        private void Record()
        {
            for (var rows = _random.Next(0, 8); rows > 0; rows--)
            {
                var at = Now - TimeSpan.FromMilliseconds(_random.Next(0, 60_000));
                at = new DateTimeOffset(at.Ticks - (at.Ticks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
                // On the border now and then.
                if (_random.Next(6) == 0)
                    at = UsageTime.HourOf(at);
                var row = new UsageRow(
                    _tenants[_random.Next(_tenants.Count)], $"{_number++}", at, Providers[_random.Next(Providers.Length)], _random.Next(5) > 0, _random.Next(0, 4), _random.Next(0, 1_000) / 10_000m,
                    TimeSpan.FromMilliseconds(_random.Next(0, 40_000)), _random.Next(4) == 0, IsPart: _random.Next(6) == 0);
                var wait = _random.Next(3) == 0 ? TimeSpan.FromSeconds(_random.NextDouble() * _latest.TotalSeconds) : TimeSpan.Zero;
                _waiting.Add((UsageTime.Later(Now, UsageTime.Earlier(at + wait, UsageTime.HourOf(at) + UsageTime.Hour + _latest - TimeSpan.FromSeconds(1))), row));
            }
        }

        private async Task LandAsync()
        {
            foreach (var waiting in _waiting.Where(waiting => waiting.LandsAt <= Now).ToList())
            {
                await _store.WriteAsync([waiting.Row.ToWrite()], TestContext.Current.CancellationToken);
                _landed.Add(waiting.Row);
                _waiting.Remove(waiting);
            }
        }

        // Dies at a random write, before or after it took place, or at a read; or another one runs in the middle of it.
        private async Task SweepAsync()
        {
            var (dies, when) = (_random.Next(3) == 0, _random.Next(1, 12));
            var first = _bench.Table.Writes;
            if (dies)
                _bench.Table.OnWrite = write => write - first < when ? TableFault.None : _random.Next(2) == 0 ? TableFault.Before : TableFault.After;
            _bench.Table.AfterRead = NestAsync;
            try
            {
                await OneSweepAsync();
            }
            catch (StoreUnavailableException)
            {
                // Killed.
            }

            _bench.Table.OnWrite = static _ => TableFault.None;
            _bench.Table.AfterRead = static () => Task.CompletedTask;
        }

        private async Task NestAsync()
        {
            if (_depth > 0 || _random.Next(25) > 0)
                return;
            _depth++;
            try
            {
                await OneSweepAsync();
            }
            finally
            {
                _depth--;
            }
        }

        private Task OneSweepAsync() => UsageBench.RunAsync(_random.Next(3) == 0 ? _bench.Rows : _bench.Rollups);

        private async Task CheckPeriodAsync()
        {
            var start = Start + TimeSpan.FromMilliseconds(_random.NextInt64((long)(Now - Start).TotalMilliseconds + 1));
            var end = _random.Next(3) == 0 ? Now.AddMinutes(1) : start + TimeSpan.FromMilliseconds(_random.NextInt64(1, (long)TimeSpan.FromDays(20).TotalMilliseconds));
            (start, end) = (_random.Next(3)) switch
            {
                0 => (UsageTime.DayOf(start), UsageTime.DayOf(end).AddDays(1)),
                1 => (UsageTime.HourOf(start), UsageTime.HourOf(end).AddHours(1)),
                _ => (start, end < start ? start.AddMilliseconds(1) : end),
            };
            await CheckAsync(_tenants[_random.Next(_tenants.Count)], new UsagePeriod(start, end, (UsageGrouping)_random.Next(3)));
        }

        private async Task CheckAsync(TenantId tenant, UsagePeriod period)
        {
            // Sweeps run while the reader has read no more than how far the roll-ups are.
            _bench.Table.AfterRead = SweepOnceAsync;
            var tally = await _bench.Reader.ReadAsync(tenant, period, TestContext.Current.CancellationToken);
            _bench.Table.AfterRead = static () => Task.CompletedTask;

            var removed = await _bench.RemovedBeforeAsync(tenant);
            var rows = _landed.Where(row => row.Tenant == tenant).Select(row => (Row: row, At: row.At < removed ? UsageTime.HourOf(row.At) : row.At))
                .Where(row => row.At >= period.Start && row.At < period.End).ToList();
            AssertEqual(UsageModel.Lines(rows.Select(static row => row.Row), row => UsageModel.GroupOf(period, row.At)), UsageModel.Lines(tally), $"{tenant} {period}");
        }

        private async Task SweepOnceAsync()
        {
            _bench.Table.AfterRead = static () => Task.CompletedTask;
            if (_random.Next(2) > 0)
                return;
            await UsageBench.RunAsync(_bench.Rollups);
            await UsageBench.RunAsync(_bench.Rows);
        }

        // All that waits lands, all is swept in peace, and then all must be there, wherever one looks.
        private async Task EndAsync()
        {
            while (_waiting.Count > 0)
                await PassTimeAsync();
            await UsageBench.RunAsync(_bench.Rollups);
            await CheckIndexAsync(isFinal: false);
            _bench.Clock.Advance(UsageRollups.FinalAfter + TimeSpan.FromDays(1));
            await UsageBench.RunAsync(_bench.Rollups);
            if (_random.Next(2) == 0)
                await UsageBench.RunAsync(_bench.Rows);
            await CheckIndexAsync(isFinal: true);
            foreach (var tenant in _tenants)
                await CheckAsync(tenant, new UsagePeriod(UsageTime.DayOf(Start), UsageTime.DayOf(Now).AddDays(1), UsageGrouping.Week));
        }

        private async Task CheckIndexAsync(bool isFinal)
        {
            // Before they are final, late rows may be missing.
            if (!isFinal && _latest > UsageRollups.Grace)
                return;
            var admin = await _bench.Admin.ReadAsync(366, TestContext.Current.CancellationToken);
            Assert.Equal(_landed.Sum(static row => row.CostUsd), admin.TotalCostUsd);
            Assert.Equal(_landed.Count(static row => row is { Success: true, IsPart: false }), admin.TotalEmailsSent);
            Assert.Equal(_landed.Select(static row => row.Tenant).Distinct().Count(), admin.TotalTenantsActive);
            AssertEqual(
                [.. _landed.GroupBy(static row => row.Provider).OrderBy(static group => group.Key).Select(static group => $"{group.Key} {group.Sum(static row => row.CostUsd):0.####}")],
                [.. admin.CostByProvider.OrderBy(static pair => pair.Key).Select(static pair => $"{pair.Key} {pair.Value:0.####}")],
                "index");
            var overview = await _bench.Overview.ReadAsync(part: null, TestContext.Current.CancellationToken);
            var recent = _landed.Where(row => row.At >= overview.PeriodStart).ToList();
            Assert.Equal((recent.Sum(static row => row.CostUsd), (long)recent.Count(static row => !row.IsPart)), (overview.Total.CostUsd, overview.Total.Sent + overview.Total.Failed));
        }

        private void AssertEqual(IReadOnlyList<string> expected, IReadOnlyList<string> actual, string what) => Assert.True(
            expected.SequenceEqual(actual), $"PROOF_SEED={_seed} (PROOF_SCALE=0) at {Now:O}, {what}:\nexpected\n{string.Join('\n', expected)}\nfound\n{string.Join('\n', actual)}");
    }
}
