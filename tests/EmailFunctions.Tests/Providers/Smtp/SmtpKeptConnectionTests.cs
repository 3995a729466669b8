using EmailFunctions.Providers;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>Kept connections die unseen; a message that meets one must not fail for it.</summary>
public sealed class SmtpKeptConnectionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_kept_connection_that_the_server_closed_is_replaced()
    {
        await using var bench = new SmtpBench();
        await bench.SendAsync();
        await DropAsync(bench);
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal(2, bench.Sink.Counts.ConnectionsOpened);
    }

    [Theory]
    [InlineData("421 4.4.2 idle for too long")]
    [InlineData("530 5.7.0 authentication required")]
    public async Task A_kept_connection_that_is_answered_a_good_bye_is_replaced(string reply)
    {
        await using var bench = new SmtpBench();
        await bench.SendAsync();
        bench.Sink.Fault = context => context is { Stage: SmtpStage.MailFrom, ConnectionNumber: 1 } ? SmtpFault.Reply(reply) : null;
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal([1, 2], bench.Sink.Messages.Select(static message => message.ConnectionNumber));
    }

    [Fact]
    public async Task A_kept_connection_whose_only_message_was_refused_is_replaced_as_well()
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.First(1, SmtpStage.EndOfData, SmtpFault.Reply("554 5.6.0 no")) });
        Assert.Equal(SendStatus.Permanent, (await bench.SendAsync()).Status);
        await DropAsync(bench);
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
    }

    [Fact]
    public async Task A_message_is_given_to_one_fresh_connection_and_no_more()
    {
        await using var bench = new SmtpBench();
        await bench.SendAsync();
        bench.Sink.Fault = SmtpFaults.Always(SmtpStage.MailFrom, SmtpFault.Close());
        var result = await bench.SendAsync();
        Assert.Equal((SendStatus.Transient, ErrorCategory.Network), (result.Status, result.Category));
        Assert.Equal(2, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task A_refusal_on_a_kept_connection_is_not_asked_for_again()
    {
        var asked = 0;
        await using var bench = new SmtpBench();
        await bench.SendAsync();
        bench.Sink.Fault = context => context.Stage == SmtpStage.MailFrom && Interlocked.Increment(ref asked) > 0 ? SmtpFault.Reply("550 5.1.8 no") : null;
        Assert.Equal(SendStatus.Permanent, (await bench.SendAsync()).Status);
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task A_connection_lost_after_content_on_a_kept_one_is_unknown_and_the_message_goes_out_once()
    {
        await using var bench = new SmtpBench();
        await bench.SendAsync();
        bench.Sink.Fault = SmtpFaults.First(1, SmtpStage.EndOfData, SmtpFault.CloseAfterAccept());
        Assert.Equal(SendStatus.Unknown, (await bench.SendAsync()).Status);
        Assert.Equal(2, bench.Sink.Counts.MessagesAccepted);
    }

    [Fact]
    public async Task A_restarted_server_is_not_met_with_more_connections_than_allowed()
    {
        const int Places = 3;
        await using var bench = new SmtpBench(options: new SmtpOptions { MaxConnections = Places });
        var pool = bench.Pool();
        await FillAsync(pool, Places);
        // Whoever asks for a fresh one has found a kept one dead; the other kept ones must not stay beside it.
        var fresh = await pool.RentAsync(fresh: true, Token);
        await bench.WaitForConnectionsAsync(1);
        pool.Return(fresh, healthy: true);
    }

    private static async Task FillAsync(SmtpPool pool, int places)
    {
        var connections = new List<SmtpConnection>();
        for (var n = 0; n < places; n++)
            connections.Add(await pool.RentAsync(fresh: false, Token));
        connections.ForEach(connection => pool.Return(connection, healthy: true));
    }

    private static async Task DropAsync(SmtpBench bench)
    {
        bench.Sink.DropAllConnections();
        await bench.Sink.WaitForNoConnectionsAsync(SmtpBench.Limit, Token);
    }
}
