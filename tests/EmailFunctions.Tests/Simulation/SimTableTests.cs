using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Simulation;

public sealed class SimTableTests
{
    private readonly SimLoop _loop = new(seed: 1);
    private readonly MemoryTable _memory = new();
    private readonly SimFaults _faults = new();

    public static TheoryData<double, double, bool> Faults => new() { { 1, 0, false }, { 0, 1, true } };

    [Fact]
    public void Writers_that_race_on_a_counter_lose_no_increment_and_count_their_conflicts()
    {
        _memory.Write([EntityWrite.Insert(Counter(0))]);
        var tables = Enumerable.Range(0, 3).Select(number => Open($"{number}")).ToList();
        var done = 0;
        foreach (var (context, table) in tables)
        {
            context.Start(async () =>
            {
                await IncrementAsync(table, times: 10);
                done++;
            });
        }

        _loop.RunUntil(() => done == 3);

        Assert.Equal(30, _memory.Get(Counter(0).Key)!.GetInt64("count"));
        Assert.True(tables.Sum(static opened => opened.Table.Conflicts) > 0);
        Assert.Equal(30, tables.Sum(static opened => opened.Table.Writes - opened.Table.Conflicts));
        Assert.All(tables, static opened => Assert.Equal(opened.Table.Reads, opened.Table.Writes));
    }

    [Fact]
    public void A_call_takes_up_to_the_latency()
    {
        _faults.MaxLatency = TimeSpan.FromMilliseconds(5);
        var (_, table) = Open("worker");
        var longest = TimeSpan.Zero;

        _loop.Run(async () =>
        {
            for (var call = 0; call < 100; call++)
            {
                var started = _loop.Elapsed;
                await table.QueryAsync(EntityQuery.Prefix("p", ""), CancellationToken.None);
                longest = longest < _loop.Elapsed - started ? _loop.Elapsed - started : longest;
            }
        });

        Assert.InRange(longest, TimeSpan.FromMilliseconds(3), _faults.MaxLatency);
        Assert.Equal((0, 100, 0, 100), (table.Reads, table.Queries, table.Writes, table.Transactions));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_write_fails_before_or_after_it_took_place(double before, double after, bool isWritten)
    {
        (_faults.Before, _faults.After) = (before, after);
        var (_, table) = Open("worker");

        _loop.Run(() => Assert.ThrowsAsync<StoreUnavailableException>(
            () => table.WriteAsync([EntityWrite.Insert(Counter(1))], CancellationToken.None)));

        Assert.Equal(isWritten, _memory.Get(Counter(0).Key) is not null);
    }

    [Fact]
    public void Faults_are_as_likely_as_was_asked_for()
    {
        (_faults.Before, _faults.After) = (0.1, 0.2);

        var drawn = Enumerable.Range(0, 10_000).CountBy(_ => _faults.Draw(_loop.Random)).ToDictionary();

        Assert.InRange(drawn[SimFault.Before], 800, 1_200);
        Assert.InRange(drawn[SimFault.After], 1_800, 2_200);
    }

    [Fact]
    public void A_write_that_a_kill_meets_on_its_way_never_takes_place()
    {
        var (context, table) = Open("doomed");
        _faults.MaxLatency = TimeSpan.FromHours(1);
        var write = StartWriting(context, table);
        _loop.RunUntil(() => table.Writes == 1);

        context.Kill();
        _loop.RunFor(TimeSpan.FromHours(2));

        Assert.Null(_memory.Get(Counter(0).Key));
        Assert.False(write().IsCompleted);
    }

    [Fact]
    public void A_write_that_was_done_before_the_kill_is_never_answered()
    {
        var (context, table) = Open("doomed");
        var write = StartWriting(context, table);
        _loop.RunUntil(() => _memory.Get(Counter(0).Key) is not null);

        context.Kill();
        _loop.RunFor(TimeSpan.FromHours(2));

        Assert.False(write().IsCompleted);
    }

    [Fact]
    public void A_call_of_a_killed_worker_does_nothing()
    {
        var (context, table) = Open("doomed");
        context.Kill();

        var write = table.WriteAsync([EntityWrite.Insert(Counter(1))], CancellationToken.None);
        _loop.RunFor(TimeSpan.FromHours(2));

        Assert.Null(_memory.Get(Counter(0).Key));
        Assert.False(write.IsCompleted);
    }

    private static Entity Counter(int count) => new("p", "counter") { ["count"] = count };

    private static async Task IncrementAsync(SimTable table, int times)
    {
        while (times > 0)
        {
            var counter = (await table.GetAsync(Counter(0).Key, CancellationToken.None))!;
            var next = Counter((int)counter.GetInt64("count")!.Value + 1);
            if ((await table.WriteAsync([EntityWrite.Replace(next, counter.ETag)], CancellationToken.None)).IsDone)
                times--;
        }
    }

    private static Func<Task> StartWriting(SimContext context, SimTable table)
    {
        Task? write = null;
        context.Start(() => write = table.WriteAsync([EntityWrite.Insert(Counter(1))], CancellationToken.None));
        return () => write!;
    }

    private (SimContext Context, SimTable Table) Open(string worker)
    {
        var context = new SimContext(_loop, worker);
        return (context, new SimTable(context, _memory, _faults));
    }
}
