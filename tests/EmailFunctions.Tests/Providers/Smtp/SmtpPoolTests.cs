using EmailFunctions.Providers;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;

namespace EmailFunctions.Tests.Providers.Smtp;

public sealed class SmtpPoolTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fifty_messages_at_once_share_the_allowed_connections()
    {
        const int Messages = 50, Places = 4;
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(
            new() { Fault = SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.Hang(hold)) }, new SmtpOptions { MaxConnections = Places });
        var sending = Enumerable.Range(0, Messages).Select(_ => bench.SendAsync()).ToList();
        await hold.WaitForArrivalsAsync(Places, SmtpBench.Limit, Token);
        hold.Release();
        Assert.All(await Task.WhenAll(sending), static result => Assert.Equal(SendStatus.Sent, result.Status));
        Assert.Equal((Messages, Places, Places), (bench.Sink.Counts.MessagesAccepted, bench.Sink.Counts.ConnectionsOpened, bench.Sink.Counts.ConnectionsAtOnce));
    }

    [Fact]
    public async Task Messages_one_after_the_other_use_one_connection()
    {
        await using var bench = new SmtpBench();
        for (var n = 0; n < 10; n++)
            Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal((10, 1), (bench.Sink.Counts.MessagesAccepted, bench.Sink.Counts.ConnectionsOpened));
    }

    [Fact]
    public async Task Two_owners_never_share_a_connection_even_with_the_same_settings()
    {
        await using var bench = new SmtpBench();
        foreach (var owner in new[] { "acme", "globex", "acme", "globex", "Acme" })
            await bench.SendAsync(Emails.Account(bench.Settings, owner: owner));
        Assert.Equal([1, 2, 1, 2, 3], bench.Sink.Messages.Select(static message => message.ConnectionNumber));
    }

    [Fact]
    public async Task A_changed_configuration_gets_connections_of_its_own()
    {
        await using var bench = new SmtpBench(new() { Credentials = new("user", "new"), RequireAuthentication = false });
        var settings = bench.Settings;
        await bench.SendAsync(Emails.Account(settings, version: "1"));
        await bench.SendAsync(Emails.Account(settings with { SmtpUsername = "user" }, new ProviderSecrets { SmtpPassword = "new" }, version: "2"));
        Assert.Equal([null, "user"], bench.Sink.Messages.Select(static message => message.AuthenticatedAs));
        Assert.Equal(2, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task An_idle_connection_is_closed_when_its_time_is_over()
    {
        await using var bench = new SmtpBench();
        await bench.SendAsync();
        Assert.Equal(1, bench.Sink.Counts.ConnectionsNow);
        bench.Clock.Advance(bench.Options.IdleTime);
        await bench.Sink.WaitForNoConnectionsAsync(SmtpBench.Limit, Token);
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
    }

    [Fact]
    public async Task A_connection_in_use_is_kept_while_the_idle_ones_are_closed()
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.First(2, SmtpStage.EndOfData, SmtpFault.Hang(hold)) });
        // Two connections; then only one of them is used again.
        var both = new[] { bench.SendAsync(), bench.SendAsync() };
        await hold.WaitForArrivalsAsync(2, SmtpBench.Limit, Token);
        hold.Release();
        await Task.WhenAll(both);
        bench.Clock.Advance(bench.Options.IdleTime / 2);
        await bench.SendAsync();
        bench.Clock.Advance(bench.Options.IdleTime / 2);
        await bench.WaitForConnectionsAsync(1);
        await bench.SendAsync();
        Assert.Equal(2, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task A_long_message_does_not_cost_its_owner_the_limit_of_connections()
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(
            new() { Fault = SmtpFaults.First(1, SmtpStage.EndOfData, SmtpFault.Hang(hold)) }, new SmtpOptions { MaxConnections = 1, IdleTime = TimeSpan.FromSeconds(5) });
        var first = bench.SendAsync();
        await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, Token);
        // Long enough for the pool to be thought unused.
        for (var minute = 0; minute < 3; minute++)
            bench.Clock.Advance(bench.Options.IdleTime * 2);
        var second = bench.SendAsync();
        Assert.Equal(1, bench.Sink.Counts.ConnectionsOpened);
        hold.Release();
        Assert.Equal((SendStatus.Sent, SendStatus.Sent), ((await first).Status, (await second).Status));
        Assert.Equal(1, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task A_pool_that_was_closed_while_in_use_leaves_no_connection_behind()
    {
        await using var bench = new SmtpBench();
        var pool = bench.Pool();
        var connection = await pool.RentAsync(fresh: false, Token);
        pool.Dispose();
        pool.Return(connection, healthy: true);
        await bench.Sink.WaitForNoConnectionsAsync(SmtpBench.Limit, Token);
    }
}
