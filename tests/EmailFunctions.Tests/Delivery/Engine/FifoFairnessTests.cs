using System.Globalization;
using EmailFunctions.Limits;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>
/// What a small tenant sees behind a big one on a queue that is first in, first out, with competing consumers, as Service Bus is: four
/// processes with 16 messages in hand each, a provider that takes 200 ms, and calls to store and queue that take up to 20 ms. The
/// numbers are those of docs/fairness.md.
/// </summary>
public sealed class FifoFairnessTests(ITestOutputHelper output)
{
    private const int Each = 10;
    private static readonly TenantId Big = Tenant("big");
    private static readonly TenantId Small = Tenant("small");
    private static readonly TimeSpan ProviderTime = TimeSpan.FromMilliseconds(200);

    private static int Backlog => Proof.Count(5_000, minimum: 2_000);

    [Fact]
    public void Alone_a_small_tenants_mail_starts_at_once()
    {
        var seen = Measure(backlog: 0, LimitRules.None);

        Assert.InRange(seen.Last, TimeSpan.Zero, TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public void Behind_a_tenant_without_limits_it_waits_until_the_backlog_was_sent()
    {
        var seen = Measure(Backlog, LimitRules.None);

        // Half of the places are what one tenant gets.
        Assert.InRange(seen.First, ProviderTime * (Backlog / 32.0 * 0.9), ProviderTime * (Backlog / 32.0 * 1.5));
    }

    [Fact]
    public void Behind_a_tenant_with_a_limit_it_waits_for_the_backlog_to_stand_in_line_which_is_less()
    {
        var seen = Measure(Backlog, new LimitRules(60, 0, 0, 0));

        Assert.InRange(seen.Last, TimeSpan.Zero, ProviderTime * (Backlog / 64.0));
    }

    [Fact]
    public void One_process_puts_a_backlog_in_line_faster_than_four_that_get_into_each_others_way()
    {
        var limits = new LimitRules(60, 0, 0, 0);

        Assert.True(Measure(Backlog, limits, processes: 1).Last < Measure(Backlog, limits).Last);
    }

    // The slots of a window that began with a burst are a burst again, and its copies wait for them in the processes' hands.
    [Theory]
    [InlineData(60)]
    [InlineData(600)]
    public void Once_the_backlog_stands_in_line_it_waits_for_a_window_of_it_at_most(int perMinute)
    {
        var (engine, starts) = Start(Backlog, new LimitRules(perMinute, 0, 0, 0), processes: 4);
        engine.Loop.RunFor(TimeSpan.FromSeconds(150));
        var came = engine.Loop.Elapsed;
        var step = TimeSpan.FromMilliseconds(250);
        const int Mails = 4 * 130;
        for (var number = 0; number < Mails; number++)
            engine.Loop.After(number * step, () => engine.Loop.Main.Start(() => engine.AcceptAsync(Small)));

        engine.Loop.RunUntil(() => starts.Count(static start => start.Tenant == Small) == Mails, maxSteps: 20_000_000);

        // They are taken in their order but for those that are in hand at once.
        var waits = starts.Where(static start => start.Tenant == Small).Select((start, index) => start.At - came - (index * step)).Order().ToList();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Backlog {Backlog}, {perMinute} a minute: p50 {waits[Mails / 2].TotalSeconds:F2} s, p95 {waits[Mails * 95 / 100].TotalSeconds:F2} s, at most {waits[^1].TotalSeconds:F2} s."));
        Assert.InRange(waits[^1], TimeSpan.Zero, SlotTiming.ManyProcesses.Lead + (2 * TimeSpan.FromSeconds(1)) + (ProviderTime * (perMinute / 64.0 * 1.5)));
    }

    private Seen Measure(int backlog, LimitRules limits, int processes = 4)
    {
        var (engine, starts) = Start(backlog, limits, processes);
        var came = engine.Loop.Elapsed;
        for (var number = 0; number < Each; number++)
            engine.Loop.Main.Start(() => engine.AcceptAsync(Small));

        engine.Loop.RunUntil(() => starts.Count(static start => start.Tenant == Small) == Each, maxSteps: 20_000_000);

        var times = starts.Where(static start => start.Tenant == Small).Select(start => start.At - came).ToList();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{processes} processes, backlog {backlog}, {limits.PerMinute} a minute: the first after {times[0].TotalSeconds:F2} s, the last after {times[^1].TotalSeconds:F2} s; {starts.Count - Each} of the backlog's sends had begun. "
            + $"Queue: {engine.Queue.Operations} sends of {engine.Queue.Messages} messages, {engine.Queue.Deliveries} deliveries. Table: {engine.Tables.Sum(static table => table.Transactions)} transactions, {engine.Tables.Sum(static table => table.Conflicts)} conflicts."));
        return new Seen(times[0], times[^1]);
    }

    // The big tenant's backlog is on the queue, and nobody has begun.
    private static (SimEngine Engine, List<(TenantId Tenant, TimeSpan At)> Starts) Start(int backlog, LimitRules limits, int processes)
    {
        var engine = new SimEngine(seed: 7, new SimEngineSettings
        {
            Policy = SimPolicies.Of(LimitRules.None),
            Faults = new SimFaults { MaxLatency = TimeSpan.FromMilliseconds(20) },
            Concurrency = 64 / processes,
        });
        engine.Policies.Own[Big] = SimPolicies.Of(limits);
        var starts = new List<(TenantId Tenant, TimeSpan At)>();
        engine.Provider = async (worker, email) =>
        {
            starts.Add((email.Id.Tenant, engine.Loop.Elapsed));
            await worker.Pause(ProviderTime);
            return SendResult.Sent("taken");
        };
        for (var number = 0; number < backlog; number++)
            engine.Loop.Main.Start(() => engine.AcceptAsync(Big));
        engine.Loop.RunUntil(() => engine.Accepted.Count == backlog);
        for (var number = 0; number < processes; number++)
            engine.StartWorker();
        return (engine, starts);
    }

    private static TenantId Tenant(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    private sealed record Seen(TimeSpan First, TimeSpan Last);
}
