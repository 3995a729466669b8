using EmailFunctions.Providers;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>A server that takes fewer connections than this service would make: the messages share those that it takes.</summary>
public sealed class SmtpConnectionLimitTests
{
    private const string TooMany = "421 4.7.0 too many connections";

    // Connections outlast the time after which one more is tried.
    private static readonly SmtpOptions Patient = new() { IdleTime = TimeSpan.FromHours(1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_share_the_connections_that_the_server_takes_and_none_fails()
    {
        const int Messages = 60, Taken = 3;
        await using var bench = Limited(Taken);
        var results = await Task.WhenAll(Enumerable.Range(0, Messages).Select(_ => bench.SendAsync()));
        Assert.All(results, static result => Assert.Equal(SendStatus.Sent, result.Status));
        // All are tried at first; later none is until the time for another try has come.
        Assert.InRange(bench.Sink.Counts.ConnectionsOpened, Taken, bench.Options.MaxConnections);
        Assert.InRange(bench.Sink.Messages.Select(static message => message.ConnectionNumber).Distinct().Count(), 1, Taken);
    }

    [Fact]
    public async Task One_more_connection_is_tried_after_a_while_and_a_refusal_costs_no_message()
    {
        await using var bench = Limited(2, Patient);
        await SendHeldAsync(bench, messages: 8, atOnce: 2);
        bench.Sink.Clear();
        await SendHeldAsync(bench, messages: 8, atOnce: 2);
        Assert.Equal(0, bench.Sink.Counts.ConnectionsOpened);
        bench.Clock.Advance(bench.Options.LimitTime);
        await SendHeldAsync(bench, messages: 8, atOnce: 2);
        Assert.Equal(1, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task A_server_that_has_room_again_gets_as_many_connections_as_are_allowed()
    {
        const int Places = 4;
        await using var bench = Limited(1, Patient with { MaxConnections = Places });
        await SendHeldAsync(bench, messages: Places, atOnce: 1);
        bench.Sink.MaxConnections = int.MaxValue;
        for (var more = 2; more <= Places; more++)
        {
            bench.Clock.Advance(bench.Options.LimitTime);
            await SendHeldAsync(bench, messages: Places + 2, atOnce: more);
        }
    }

    [Fact]
    public async Task A_server_that_takes_no_connection_at_all_puts_the_message_off()
    {
        await using var bench = Limited(0);
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => bench.SendAsync()));
        Assert.All(results, static result => Assert.Equal((SendStatus.Throttled, ErrorCategory.RateLimited, TooMany), (result.Status, result.Category, result.Answer)));
    }

    [Fact]
    public async Task A_connection_that_came_free_meanwhile_is_used_in_place_of_the_refused_one()
    {
        var greeting = new SmtpHold();
        await using var bench = new SmtpBench(new()
        {
            Fault = context => context is { Stage: SmtpStage.Connect, ConnectionNumber: 2 } ? SmtpFault.Reply(TooMany).After(greeting) : null,
        });
        var first = await bench.Pool().RentAsync(fresh: false, Token);
        var second = bench.Pool().RentAsync(fresh: false, Token);
        await greeting.WaitForArrivalsAsync(1, SmtpBench.Limit, Token);
        bench.Pool().Return(first, healthy: true);
        greeting.Release();
        Assert.Same(first, await second);
        bench.Pool().Return(first, healthy: true);
    }

    [Fact]
    public async Task A_421_in_the_middle_of_a_session_closes_that_connection_only()
    {
        await using var bench = new SmtpBench();
        await SendHeldAsync(bench, messages: 2, atOnce: 2);
        bench.Sink.Fault = SmtpFaults.First(1, SmtpStage.RcptTo, SmtpFault.Reply("421 4.7.0 slow down"));
        Assert.Equal((SendStatus.Throttled, ErrorCategory.RateLimited), await OutcomeAsync(bench));
        await bench.WaitForConnectionsAsync(1);
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal(2, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task A_probe_that_meets_the_limit_while_mail_goes_out_finds_the_server_healthy()
    {
        await using var bench = Limited(1);
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal(ProbeResult.Healthy, await bench.ProbeAsync());
    }

    [Fact]
    public async Task A_probe_that_meets_the_limit_while_nothing_goes_out_says_so()
    {
        await using var bench = Limited(0);
        var probe = await bench.ProbeAsync();
        Assert.Equal((false, ErrorCategory.RateLimited), (probe.IsHealthy, probe.Category));
    }

    [Fact]
    public async Task A_message_that_waits_for_a_connection_in_vain_was_not_sent_and_is_put_off()
    {
        var result = await WaitInVainAsync();
        Assert.Equal((SendStatus.Postponed, ErrorCategory.RateLimited), (result.Status, result.Category));
        Assert.NotNull(result.RetryAfter);
    }

    /// <summary>The result of a message that waits while another one holds the only connection.</summary>
    internal static async Task<SendResult> WaitInVainAsync()
    {
        await using var bench = new SmtpBench(options: new SmtpOptions { MaxConnections = 1 });
        var held = await bench.Pool().RentAsync(fresh: false, Token);
        var waiting = bench.SendAsync();
        bench.Clock.Advance(bench.Options.WaitTimeout);
        var result = await waiting;
        bench.Pool().Return(held, healthy: true);
        Assert.Empty(bench.Sink.Messages);
        return result;
    }

    private static SmtpBench Limited(int connections, SmtpOptions? options = null) => new(new() { MaxConnections = connections }, options);

    private static async Task<(SendStatus Status, ErrorCategory? Category)> OutcomeAsync(SmtpBench bench)
    {
        var result = await bench.SendAsync();
        return (result.Status, result.Category);
    }

    // Sends so many messages, of which so many must be under way at once.
    private static async Task SendHeldAsync(SmtpBench bench, int messages, int atOnce)
    {
        var hold = new SmtpHold();
        bench.Sink.Fault = SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.Hang(hold));
        var sending = Enumerable.Range(0, messages).Select(_ => bench.SendAsync()).ToList();
        await hold.WaitForArrivalsAsync(atOnce, SmtpBench.Limit, Token);
        hold.Release();
        Assert.All(await Task.WhenAll(sending), static result => Assert.Equal(SendStatus.Sent, result.Status));
        bench.Sink.Fault = null;
    }
}
