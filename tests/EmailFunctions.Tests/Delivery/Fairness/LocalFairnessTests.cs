using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Fairness;

/// <summary>One tenant's backlog is nobody else's wait: the real pump over the real queue, and a provider of fixed latency.</summary>
public sealed class LocalFairnessTests(ITestOutputHelper output)
{
    private const int Each = 10;

    private static int Backlog => Proof.Count(50_000, minimum: 2_000);

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(64)]
    public async Task Each_of_a_small_tenants_mails_starts_after_at_most_the_pumps_width_and_ten_others(int width)
    {
        await using var bench = new FairBench(width);
        await bench.QueueAsync(FairBench.Big, Backlog);
        await bench.StartAsync();
        await bench.FullAsync();
        var worst = 0;
        foreach (var small in FairBench.Small)
        {
            var before = bench.Starts.Count;
            await bench.QueueAsync(small, Each);
            await bench.PassUntilAsync(starts => starts.Count(tenant => tenant == small) == Each);
            worst = Math.Max(worst, OthersBefore(bench.Starts.Skip(before), small, Each));
        }

        output.WriteLine($"At most {worst} others.");
        Assert.InRange(worst, 0, width + 10);
    }

    [Fact]
    public async Task Nine_small_tenants_at_once_wait_for_each_other_and_hardly_for_the_backlog()
    {
        const int Width = 64;
        await using var bench = new FairBench(Width);
        await bench.QueueAsync(FairBench.Big, Backlog);
        await bench.StartAsync();
        await bench.FullAsync();
        var before = bench.Starts.Count;
        foreach (var small in FairBench.Small)
            await bench.QueueAsync(small, Each);

        await bench.PassUntilAsync(static starts => starts.Count(static tenant => tenant != FairBench.Big) == FairBench.Small.Length * Each);

        var starts = bench.Starts.Skip(before).ToList();
        var first = FairBench.Small.Max(small => OthersBefore(starts, small, 1));
        var ofBig = starts.Take(1 + starts.FindLastIndex(static tenant => tenant != FairBench.Big)).Count(static tenant => tenant == FairBench.Big);
        output.WriteLine($"At most {first} others before a first mail, and {ofBig} of the backlog before the last.");
        Assert.InRange(first, 0, Width + 10);
        Assert.InRange(ofBig, 0, Width + 10);
    }

    [Fact]
    public async Task A_backlog_that_only_joins_its_tenants_line_takes_turns_too()
    {
        await using var bench = new FairBench(width: 64);
        await bench.LimitAsync(FairBench.Big, perMinute: 1);
        await bench.QueueAsync(FairBench.Big, Proof.Count(50_000, minimum: 2_000) / 10);
        await bench.StartAsync();
        await bench.CalledAsync(1);
        await bench.Receiver.HoldAsync();
        var before = bench.Receiver.Received.Count;
        await bench.QueueAsync(FairBench.Small[0], Each);

        bench.Receiver.Open();
        await bench.CalledAsync(Each);

        // Beside those that the pump had in hand already, which are no more than it is wide.
        Assert.InRange(OthersBefore(bench.Receiver.Received.Skip(before), FairBench.Small[0], Each), 1, 10);
    }

    [Fact]
    public async Task Tenants_with_equal_backlogs_get_equal_shares()
    {
        var backlog = Proof.Count(1_000, minimum: 200);
        const int Width = 64;
        await using var bench = new FairBench(Width);
        await bench.QueueAsync(FairBench.Big, backlog);
        await bench.StartAsync();
        await bench.FullAsync();
        foreach (var small in FairBench.Small)
            await bench.QueueAsync(small, backlog);
        var inHand = bench.Starts.Count + Width;
        await bench.PassUntilAsync(starts => starts.Count >= inHand);
        var before = bench.Starts.Count;

        // Until nearly all of the one that began first is gone.
        await bench.PassUntilAsync(starts => starts.Count >= before + ((backlog - 100) * 10));

        var indexes = bench.Starts.Skip(before).Chunk(250).Where(static window => window.Length == 250).Select(Jain).ToList();
        output.WriteLine($"Jain's index over each 250 dispatches: at least {indexes.Min():F4}.");
        Assert.InRange(indexes.Min(), 0.95, 1);
    }

    [Fact]
    public async Task Whatever_is_queued_for_a_tenant_is_of_its_group()
    {
        var list = new ListQueue();
        var tenant = FairBench.Tenant("acme");
        DispatchReference[] references =
            [new MessageReference(new MessageId(tenant, new string('0', 32))), new SlotReference(tenant, 1), new WakeUpReference(tenant, 1), new ConfigReference(tenant)];

        await new DispatchQueue(list, outbox: null!, TimeProvider.System).EnqueueAsync([.. references.Select(static reference => new Dispatch(reference, null))], TestContext.Current.CancellationToken);

        Assert.Equal(["acme", "acme", "acme", "acme"], list.Messages.Select(static message => message.Group));
    }

    // How many of others come before the tenant's message of this number.
    private static int OthersBefore(IEnumerable<TenantId> order, TenantId tenant, int number)
    {
        var (own, others) = (0, 0);
        foreach (var next in order)
        {
            if (next != tenant)
                others++;
            else if (++own == number)
                return others;
        }

        throw new InvalidOperationException($"There were only {own} of {tenant}.");
    }

    // (sum of x)² / (n · sum of x²): 1 where all have the same, 1/n where one has all.
    private static double Jain(IReadOnlyCollection<TenantId> starts)
    {
        var shares = new[] { FairBench.Big }.Concat(FairBench.Small).Select(tenant => (double)starts.Count(start => start == tenant)).ToList();
        return Math.Pow(shares.Sum(), 2) / (shares.Count * shares.Sum(static share => share * share));
    }
}
