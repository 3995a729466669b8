using EmailFunctions.DeadLetters;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Sweeps;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.DeadLetters;

public sealed class HeldMessageSweepTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public async Task A_held_message_expires_after_its_days_and_not_before(int bytes)
    {
        await using var bench = NewBench(("EMAIL_HELD_DAYS", "2"));
        // What it waited for before it was held does not count.
        var id = await bench.AcceptAsync(bodyBytes: bytes);
        bench.Clock.Advance(TimeSpan.FromDays(1));
        await HoldAsync(bench, id);

        bench.Clock.Advance(TimeSpan.FromDays(2) - TimeSpan.FromSeconds(1));
        Assert.Equal(new SweepRun(0, true), await SweepAsync(bench));
        bench.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(new SweepRun(1, true), await SweepAsync(bench));

        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Expired, "held_expired", false), (entry.Status, entry.Reason, entry.IsHeld));
        Assert.Equal(["queued", "sending", "deferred", "expired"], entry.History.Select(static line => line.Status));
        Assert.Equal((null, false), (entry.Payload, entry.PayloadStored));
        Assert.Empty(await bench.RowsAsync("held-"));
        Assert.Empty(Directory.GetFiles(bench.PayloadFolder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task It_is_kept_for_thirty_days_by_default()
    {
        await using var bench = NewBench();
        await HoldAsync(bench, await bench.AcceptAsync());

        bench.Clock.Advance(TimeSpan.FromDays(30) - TimeSpan.FromMinutes(1));
        Assert.Equal(0, (await SweepAsync(bench)).Count);
        bench.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, (await SweepAsync(bench)).Count);
    }

    [Fact]
    public async Task What_is_held_since_its_tenants_budget_is_too_small_is_never_dropped()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.AcceptAsync();
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","cost_per_email_usd":2,"monthly_budget_usd":1}""");
        await bench.DispatchAsync(id);
        Assert.True((await bench.ReadAsync(id)).IsHeld);

        bench.Clock.Advance(TimeSpan.FromDays(400));

        Assert.Equal(new SweepRun(0, true), await SweepAsync(bench));
        Assert.NotNull((await bench.ReadAsync(id)).Payload);
    }

    [Fact]
    public async Task A_sweep_stops_at_its_bound_and_the_next_one_goes_on()
    {
        await using var bench = NewBench();
        var first = await bench.AcceptAsync();
        await HoldAsync(bench, first);
        var template = await bench.ReadAsync(first);
        var writes = Enumerable.Range(0, HeldMessageSweep.MaxLooks).SelectMany(number => Ledger.Enter(
            // The first of them are as many as a run looks at, and stay.
            template with { Id = MessageId.New(template.Id.Tenant, bench.Clock.GetUtcNow().AddMilliseconds(number)), Reason = number < HeldMessageSweep.MaxLooks - 20 ? "monthly_budget" : template.Reason, ETag = null }));
        foreach (var chunk in writes.Chunk(100))
            await bench.Table.WriteAsync(chunk, TestContext.Current.CancellationToken);
        bench.Clock.Advance(TimeSpan.FromDays(31));

        var runs = new List<SweepRun> { await SweepAsync(bench) };
        runs.Add(await SweepAsync(bench));

        Assert.False(runs[0].IsComplete);
        Assert.True(runs[1].IsComplete);
        Assert.Equal(21, runs.Sum(static run => run.Count));
    }

    private static DeliveryBench NewBench(params (string Name, string Value)[] settings) =>
        new(settings.Append(("EMAIL_RATE_LIMIT_PER_MINUTE", "0")).ToDictionary(static pair => pair.Item1, static pair => pair.Item2));

    private static async Task HoldAsync(DeliveryBench bench, MessageId id)
    {
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Auth, "no such user");
        await bench.DispatchAsync(id);
        Assert.True((await bench.ReadAsync(id)).IsHeld);
    }

    private static Task<SweepRun> SweepAsync(DeliveryBench bench) => bench.Get<HeldMessageSweep>().RunAsync(TestContext.Current.CancellationToken);
}
