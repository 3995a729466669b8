using System.Net;
using System.Net.Sockets;
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

    /// <summary>A refusal: where, in which words, and what it means.</summary>
    public static TheoryData<SmtpStage, string, SendStatus, ErrorCategory> Refusals => new()
    {
        { SmtpStage.Connect, "421 4.3.2 too many connections", Throttled, ProviderUnavailable },
        { SmtpStage.Connect, "450 4.7.1 come back later", Transient, ProviderUnavailable },
        { SmtpStage.Connect, "554 5.7.1 no service for you", Misconfigured, Config },
        { SmtpStage.Ehlo, "451 4.3.0 not now", Transient, ProviderUnavailable },
        { SmtpStage.Ehlo, "550 5.7.1 not from your address", Misconfigured, Config },
        { SmtpStage.MailFrom, "421 4.7.0 slow down", Throttled, ProviderUnavailable },
        { SmtpStage.MailFrom, "451 4.3.0 local error", Transient, ProviderUnavailable },
        { SmtpStage.MailFrom, "452 4.3.1 disk full", Transient, ProviderUnavailable },
        { SmtpStage.MailFrom, "454 4.7.0 try again", Throttled, ProviderUnavailable },
        { SmtpStage.MailFrom, "530 5.7.0 authentication required", Misconfigured, Auth },
        { SmtpStage.MailFrom, "550 5.7.1 not your sender", Permanent, Config },
        { SmtpStage.MailFrom, "552 5.3.4 message too large", Permanent, Content },
        { SmtpStage.MailFrom, "553 5.1.8 bad sender", Permanent, Config },
        { SmtpStage.RcptTo, "421 4.7.0 slow down", Throttled, ProviderUnavailable },
        { SmtpStage.RcptTo, "450 4.2.0 greylisted", Transient, Recipient },
        { SmtpStage.RcptTo, "451 4.7.1 greylisted", Transient, Recipient },
        { SmtpStage.RcptTo, "452 4.2.2 mailbox full", Transient, Recipient },
        { SmtpStage.RcptTo, "550 5.1.1 nobody", Permanent, Recipient },
        { SmtpStage.RcptTo, "551 5.1.6 moved", Permanent, Recipient },
        { SmtpStage.RcptTo, "552 5.2.2 mailbox full", Permanent, Recipient },
        { SmtpStage.RcptTo, "553 5.1.3 not an address", Permanent, Recipient },
        { SmtpStage.Data, "421 4.3.2 going down", Throttled, ProviderUnavailable },
        { SmtpStage.Data, "451 4.3.0 local error", Transient, ProviderUnavailable },
        { SmtpStage.Data, "554 5.5.1 no valid recipients", Permanent, Content },
        { SmtpStage.EndOfData, "421 4.3.2 going down", Throttled, ProviderUnavailable },
        { SmtpStage.EndOfData, "451 4.3.0 local error", Transient, ProviderUnavailable },
        { SmtpStage.EndOfData, "452 4.3.1 disk full", Transient, ProviderUnavailable },
        { SmtpStage.EndOfData, "452 4.2.2 mailbox full", Transient, Recipient },
        { SmtpStage.EndOfData, "550 5.1.1 nobody", Permanent, Recipient },
        { SmtpStage.EndOfData, "550 5.7.1 looks like spam", Permanent, Content },
        { SmtpStage.EndOfData, "552 5.2.2 mailbox full", Permanent, Recipient },
        { SmtpStage.EndOfData, "552 5.3.4 message too large", Permanent, Content },
        { SmtpStage.EndOfData, "552 too much mail data", Permanent, Content },
        { SmtpStage.EndOfData, "554 5.6.0 bad content", Permanent, Content },
        { SmtpStage.EndOfData, "554 no", Permanent, Content },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_refusal_is_understood(SmtpStage stage, string reply, SendStatus status, ErrorCategory category)
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(stage, SmtpFault.Reply(reply)) });
        var result = await bench.SendAsync();
        Assert.Equal((status, category), (result.Status, result.Category));
        Assert.Equal(reply, result.Answer);
        Assert.Empty(bench.Sink.Messages);
    }

    /// <summary>A connection that ends, or an answer that does not come: where, and what it means.</summary>
    public static TheoryData<SmtpStage, bool, SendStatus, ErrorCategory, string> Endings
    {
        get
        {
            var data = new TheoryData<SmtpStage, bool, SendStatus, ErrorCategory, string>();
            foreach (var stage in Enum.GetValues<SmtpStage>().Where(static stage => stage is not (SmtpStage.Auth or SmtpStage.StartTls)))
            {
                var content = stage is SmtpStage.DataBody or SmtpStage.EndOfData;
                data.Add(stage, false, content ? Unknown : Transient, Network, content ? LostInContent : Lost);
                data.Add(stage, true, content ? Unknown : Transient, ErrorCategory.Timeout, content ? LostInContent : "The server did not answer in time.");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task A_connection_that_ends_or_hangs_is_unclear_only_once_content_is_on_its_way(
        SmtpStage stage, bool hangs, SendStatus status, ErrorCategory category, string answer)
    {
        var hold = new SmtpHold();
        var fault = hangs ? SmtpFault.Hang(hold) : SmtpFault.Close();
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(stage, fault) });
        var sending = bench.SendAsync();
        if (hangs)
        {
            await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, TestContext.Current.CancellationToken);
            bench.Clock.Advance(stage < SmtpStage.MailFrom ? bench.Options.ConnectTimeout : bench.Options.SendTimeout);
        }

        var result = await sending;
        Assert.Equal((status, category, answer), (result.Status, result.Category, result.Answer));
    }

    [Fact]
    public async Task A_message_that_the_server_took_without_saying_so_is_unknown()
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.CloseAfterAccept()) });
        var result = await bench.SendAsync();
        Assert.Equal((Unknown, Network), (result.Status, result.Category));
        Assert.Single(bench.Sink.Messages);
    }

    [Fact]
    public async Task A_connection_that_breaks_in_the_middle_of_a_large_message_is_unknown()
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(SmtpStage.DataBody, SmtpFault.Break()) });
        var result = await bench.SendAsync(Emails.Small with { Text = new string('x', 3_000_000) });
        Assert.Equal((Unknown, Network), (result.Status, result.Category));
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
        var result = SmtpFailures.ExplainOpening(new SocketException((int)error));
        Assert.Equal((Transient, Network, "The host name is not known."), (result.Status, result.Category, result.Answer));
    }

    [Fact]
    public async Task A_server_that_never_greets_times_out()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var bench = new SmtpBench();
        var sending = bench.SendAsync(settings: bench.Settings with { SmtpPort = ((IPEndPoint)listener.LocalEndpoint).Port });
        using var accepted = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        bench.Clock.Advance(bench.Options.ConnectTimeout);
        var result = await sending;
        Assert.Equal((Transient, ErrorCategory.Timeout), (result.Status, result.Category));
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
}
