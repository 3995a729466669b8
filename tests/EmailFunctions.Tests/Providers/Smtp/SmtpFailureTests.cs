using System.Net.Sockets;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;
using static EmailFunctions.Providers.ErrorCategory;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>What each thing that a server can do means for the message.</summary>
public sealed class SmtpFailureTests
{
    private const string Lost = "The server closed the connection.";
    private const string LostInContent = "The connection was lost before the server's answer.";

    /// <summary>Where a connection can end, and what it means.</summary>
    public static TheoryData<SmtpStage, SendStatus, string> Endings
    {
        get
        {
            var data = new TheoryData<SmtpStage, SendStatus, string>();
            foreach (var stage in Enum.GetValues<SmtpStage>().Where(static stage => stage is not (SmtpStage.Auth or SmtpStage.StartTls)))
            {
                var content = stage is SmtpStage.DataBody or SmtpStage.EndOfData;
                data.Add(stage, content ? Unknown : Transient, content ? LostInContent : Lost);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task A_connection_that_ends_is_unclear_only_once_the_content_is_out(SmtpStage stage, SendStatus status, string answer)
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(stage, SmtpFault.Close()) });
        var result = await bench.SendAsync();
        Assert.Equal((status, Network, answer), (result.Status, result.Category, result.Answer));
    }

    [Fact]
    public async Task A_message_that_the_server_took_without_saying_so_is_unknown()
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.CloseAfterAccept()) });
        var result = await bench.SendAsync();
        Assert.Equal((Unknown, Network), (result.Status, result.Category));
        Assert.Single(bench.Sink.Messages);
    }

    // Without the end of the content the server must not take it, so it goes out again and nobody gets it twice.
    [Fact]
    public async Task A_connection_that_breaks_in_the_middle_of_a_large_message_leaves_nothing_unclear()
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(SmtpStage.DataBody, SmtpFault.Break().After(hold)) });
        var sending = bench.SendAsync(Large);
        await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, TestContext.Current.CancellationToken);
        hold.Release();
        var result = await sending;
        Assert.Equal((Transient, Network, Lost), (result.Status, result.Category, result.Answer));
        Assert.Empty(bench.Sink.Messages);
    }

    [Fact]
    public async Task A_message_cancelled_in_the_middle_of_its_content_was_not_sent()
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(SmtpStage.DataBody, SmtpFault.Hang(hold)) });
        using var cancelling = new CancellationTokenSource();
        var sending = bench.Provider.SendAsync(Emails.Outgoing(Large), Emails.Account(bench.Settings), cancelling.Token);
        await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, TestContext.Current.CancellationToken);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        hold.Release();
        await bench.Sink.WaitForNoConnectionsAsync(SmtpBench.Limit, TestContext.Current.CancellationToken);
        Assert.Empty(bench.Sink.Messages);
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_a_matter_of_the_network()
    {
        await using var bench = new SmtpBench();
        await bench.Sink.DisposeAsync();
        var result = await bench.SendAsync();
        Assert.Equal((Transient, Network, "No connection: ConnectionRefused."), (result.Status, result.Category, result.Answer));
    }

    // As an exception, since a test asks no name server.
    [Theory]
    [InlineData(SocketError.HostNotFound)]
    [InlineData(SocketError.NoData)]
    public void A_host_name_that_nobody_knows_is_a_matter_of_the_network(SocketError error)
    {
        var result = SmtpAnswers.Read(SmtpAnswer.OfOpening(new SocketException((int)error)));
        Assert.Equal((Transient, Network, "The host name is not known."), (result.Status, result.Category, result.Answer));
    }

    [Fact]
    public async Task An_unknown_answer_keeps_its_words_without_addresses()
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(SmtpStage.MailFrom, SmtpFault.Reply("354 what about jane@example.com")) });
        var result = await bench.SendAsync();
        Assert.Equal((Transient, Unexpected, "354 what about <address>"), (result.Status, result.Category, result.Answer));
    }

    [Fact]
    public async Task A_cancelled_message_was_not_sent_when_its_content_had_not_begun()
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(SmtpStage.Data, SmtpFault.Hang(hold)) });
        using var cancelling = new CancellationTokenSource();
        var sending = bench.Provider.SendAsync(Emails.Outgoing(), Emails.Account(bench.Settings), cancelling.Token);
        await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, TestContext.Current.CancellationToken);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        hold.Release();
        await bench.Sink.WaitForNoConnectionsAsync(SmtpBench.Limit, TestContext.Current.CancellationToken);
        Assert.Empty(bench.Sink.Messages);
    }

    [Fact]
    public async Task A_message_cancelled_after_its_content_is_unknown()
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.HangAfterAccept(hold)) });
        using var cancelling = new CancellationTokenSource();
        var sending = bench.Provider.SendAsync(Emails.Outgoing(), Emails.Account(bench.Settings), cancelling.Token);
        await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, TestContext.Current.CancellationToken);
        await cancelling.CancelAsync();
        Assert.Equal(Unknown, (await sending).Status);
    }

    // Far more than what waits in the sockets' buffers.
    private static EmailContent Large { get; } = Emails.Small with { Text = string.Concat(Enumerable.Repeat(new string('x', 70) + "\r\n", 600_000)) };
}
