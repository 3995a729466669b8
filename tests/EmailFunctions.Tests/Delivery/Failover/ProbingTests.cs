using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Failover;

/// <summary>How long a provider that failed is left alone while another one sends, and how it comes back.</summary>
public sealed class ProbingTests
{
    private static readonly SendResult Down = SendResult.Failed(SendStatus.Transient, ErrorCategory.ProviderUnavailable, "503");

    [Fact]
    public async Task After_five_failures_the_first_provider_is_left_alone()
    {
        await using var bench = await BrokenBenchAsync();

        await SendAsync(bench, 20);

        Assert.Equal((5, 25), (bench.Primary.Given.Count, bench.Fallback.Given.Count));
    }

    [Fact]
    public async Task It_is_probed_before_it_gets_mail_again_once_in_half_a_minute()
    {
        await using var bench = await BrokenBenchAsync();
        bench.Primary.Health = ProbeResult.Unhealthy(ErrorCategory.Network, "refused");

        for (var second = 0; second < 300; second++)
        {
            bench.Clock.Advance(TimeSpan.FromSeconds(1));
            await SendAsync(bench, 1);
        }

        Assert.InRange(bench.Primary.Probes, 9, 10);
        Assert.Equal((5, 305), (bench.Primary.Given.Count, bench.Fallback.Given.Count));
    }

    [Fact]
    public async Task Once_a_probe_succeeds_it_sends_again()
    {
        await using var bench = await BrokenBenchAsync();
        bench.Primary.Answer = static _ => SendResult.Sent("taken");
        bench.Clock.Advance(TimeSpan.FromSeconds(31));

        await SendAsync(bench, 10);

        Assert.Equal((1, 15, 5), (bench.Primary.Probes, bench.Primary.Given.Count, bench.Fallback.Given.Count));
    }

    [Fact]
    public async Task An_account_that_can_not_be_probed_is_tried_with_mail()
    {
        await using var bench = await BrokenBenchAsync();
        bench.Primary.Health = ProbeResult.Limited("a key for sending only");
        bench.Primary.Answer = static _ => SendResult.Sent("taken");
        bench.Clock.Advance(TimeSpan.FromSeconds(31));

        await SendAsync(bench, 3);

        Assert.Equal((8, 5), (bench.Primary.Given.Count, bench.Fallback.Given.Count));
    }

    [Fact]
    public async Task While_one_message_probes_the_others_go_to_the_fallback()
    {
        await using var bench = await BrokenBenchAsync();
        bench.Primary.Answer = static _ => SendResult.Sent("taken");
        bench.Clock.Advance(TimeSpan.FromSeconds(31));
        var entered = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        bench.Primary.DuringProbe = async () =>
        {
            entered.TrySetResult();
            await goOn.Task;
        };

        var first = bench.DispatchAsync(await bench.AcceptAsync());
        await entered.Task;
        await SendAsync(bench, 5);
        // Also when it takes longer than others wait for it.
        bench.Clock.Advance(TimeSpan.FromSeconds(15));
        await SendAsync(bench, 5);
        goOn.SetResult();
        await first;

        Assert.Equal((1, 6, 15), (bench.Primary.Probes, bench.Primary.Given.Count, bench.Fallback.Given.Count));
    }

    [Fact]
    public async Task A_used_up_quota_is_believed_for_as_long_as_the_provider_says()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        bench.Primary.Answer = static call => call == 1
            ? SendResult.Failed(SendStatus.Throttled, ErrorCategory.Quota, "daily quota") with { RetryAfter = TimeSpan.FromMinutes(15) }
            : SendResult.Sent("taken");

        await SendAsync(bench, 3);
        bench.Clock.Advance(TimeSpan.FromMinutes(14));
        await SendAsync(bench, 3);
        Assert.Equal((1, 6), (bench.Primary.Given.Count, bench.Fallback.Given.Count));
        bench.Clock.Advance(TimeSpan.FromMinutes(2));
        await SendAsync(bench, 3);

        Assert.Equal((4, 6), (bench.Primary.Given.Count, bench.Fallback.Given.Count));
    }

    [Fact]
    public async Task Where_all_are_left_alone_mail_waits_without_using_an_attempt()
    {
        await using var bench = await BrokenBenchAsync();
        bench.Fallback.Answer = static _ => Down;
        await SendAsync(bench, 5);
        var id = await bench.AcceptAsync();

        await bench.DispatchAsync(id);

        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Deferred, "provider", 0), (entry.Status, entry.Reason, entry.Failures));
        bench.Primary.Answer = static _ => SendResult.Sent("taken");
        await bench.RunQueueAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
    }

    [Fact]
    public async Task Too_much_mail_for_the_first_provider_lets_the_line_wait_though_another_could_send()
    {
        await using var bench = new DeliveryBench();
        await bench.RouteAsync();
        bench.Primary.Answer = static call => call == 1 ? SendResult.Failed(SendStatus.Throttled, ErrorCategory.RateLimited, "slow down") with { RetryAfter = TimeSpan.FromMinutes(1) } : SendResult.Sent("taken");

        await SendAsync(bench, 3);

        Assert.Equal((1, 0), (bench.Primary.Given.Count, bench.Fallback.Given.Count));
        await bench.RunQueueAsync(TimeSpan.FromMinutes(2));
        Assert.Equal((4, 0), (bench.Primary.Given.Count, bench.Fallback.Given.Count));
    }

    // Its primary has failed five times: its breaker is open.
    private static async Task<DeliveryBench> BrokenBenchAsync()
    {
        var bench = new DeliveryBench();
        await bench.RouteAsync(""","rate_limit_per_minute":0""");
        bench.Primary.Answer = static _ => Down;
        await SendAsync(bench, 5);
        Assert.Equal(("open", 5), (await StateAsync(bench), bench.Fallback.Given.Count));
        return bench;
    }

    private static async Task<string> StateAsync(DeliveryBench bench)
    {
        var route = await bench.Get<EmailFunctions.Configs.IProviderAccounts>().GetSettingsAsync(DeliveryBench.Tenant, TestContext.Current.CancellationToken);
        return bench.Get<ProviderGates>().StateOf(DeliveryBench.Tenant, route).State;
    }

    private static async Task SendAsync(DeliveryBench bench, int count)
    {
        for (var number = 0; number < count; number++)
            await bench.DispatchAsync(await bench.AcceptAsync());
    }
}
