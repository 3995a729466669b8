using System.Net;
using System.Net.Sockets;
using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>A server that hangs, at every phase: each has a time of its own, on a clock that only the test moves.</summary>
public sealed class SmtpTimeoutTests
{
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Where the server hangs, whose time that is, and what comes of it.</summary>
    public static TheoryData<SmtpStage, string, SendStatus, string> Hangs => new()
    {
        { SmtpStage.Connect, nameof(SmtpOptions.GreetingTimeout), Transient, "The server did not go on in time (greeting and TLS)." },
        { SmtpStage.Ehlo, nameof(SmtpOptions.GreetingTimeout), Transient, "The server did not go on in time (greeting and TLS)." },
        { SmtpStage.StartTls, nameof(SmtpOptions.GreetingTimeout), Transient, "The server did not go on in time (greeting and TLS)." },
        { SmtpStage.Auth, nameof(SmtpOptions.GreetingTimeout), Transient, "The server did not go on in time (AUTH)." },
        { SmtpStage.MailFrom, nameof(SmtpOptions.SenderTimeout), Transient, "The server did not go on in time (MAIL)." },
        { SmtpStage.RcptTo, nameof(SmtpOptions.RecipientTimeout), Transient, "The server did not go on in time (RCPT)." },
        { SmtpStage.Data, nameof(SmtpOptions.DataTimeout), Transient, "The server did not go on in time (DATA)." },
        { SmtpStage.DataBody, nameof(SmtpOptions.ContentTimeout), Transient, "The server did not go on in time (content)." },
        { SmtpStage.EndOfData, nameof(SmtpOptions.AnswerTimeout), Unknown, "The connection was lost before the server's answer." },
    };

    [Theory]
    [MemberData(nameof(Hangs))]
    public async Task A_server_that_hangs_is_given_up_when_the_time_of_its_phase_is_over(SmtpStage stage, string time, SendStatus status, string answer)
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(new()
        {
            Tls = stage == SmtpStage.StartTls ? SmtpSinkTls.StartTls : SmtpSinkTls.None,
            Credentials = stage == SmtpStage.Auth ? new("user", "secret") : null,
            Fault = SmtpFaults.Always(stage, SmtpFault.Hang(hold)),
        });
        var settings = bench.Settings with { SmtpUseTls = stage == SmtpStage.StartTls, SmtpUsername = stage == SmtpStage.Auth ? "user" : null };
        var sending = bench.SendAsync(Emails.Account(settings), stage == SmtpStage.DataBody ? Large : null);
        await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, Token);
        await bench.Clock.WaitForStandstillAsync();
        bench.Clock.Advance(TimeOf(bench, time) - Instant);
        await bench.Clock.WaitForStandstillAsync();
        Assert.False(sending.IsCompleted, "It was given up before its time.");
        bench.Clock.Advance(Instant);
        var result = await sending;
        Assert.Equal((status, ErrorCategory.Timeout, answer), (result.Status, result.Category, result.Answer));
    }

    [Fact]
    public async Task A_handshake_that_hangs_is_given_up()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var bench = new SmtpBench();
        var sending = bench.SendAsync(settings: bench.Settings with { SmtpUseSsl = true, SmtpPort = ((IPEndPoint)listener.LocalEndpoint).Port });
        using var accepted = await listener.AcceptSocketAsync(Token);
        // Its first bytes show that the handshake is under way.
        await accepted.ReceiveAsync(new byte[1], Token);
        bench.Clock.Advance(bench.Options.GreetingTimeout);
        var result = await sending;
        Assert.Equal((Transient, ErrorCategory.Timeout), (result.Status, result.Category));
    }

    [Fact]
    public async Task An_address_that_does_not_answer_is_given_up()
    {
        // A listener whose queue is full answers no more.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        var place = (IPEndPoint)listener.LocalEndPoint!;
        using var filler = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await filler.ConnectAsync(place, Token);
        await using var bench = new SmtpBench();
        var sending = bench.SendAsync(settings: bench.Settings with { SmtpPort = place.Port });
        await bench.Clock.WaitForStandstillAsync();
        bench.Clock.Advance(bench.Options.ConnectTimeout);
        var result = await sending;
        Assert.Equal((Transient, ErrorCategory.Timeout, "The server did not go on in time (connecting)."), (result.Status, result.Category, result.Answer));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_takes_its_time_for_each_recipient_has_that_time_for_each(bool pipelining)
    {
        const int Recipients = 4;
        var holds = Enumerable.Range(0, Recipients).Select(static _ => new SmtpHold()).ToList();
        await using var bench = new SmtpBench(new()
        {
            Pipelining = pipelining,
            Fault = context => context.Stage == SmtpStage.RcptTo ? SmtpFault.Hang(holds[context.Occurrence - 1]) : null,
        });
        var sending = bench.SendAsync(Emails.To(Recipients));
        foreach (var hold in holds)
        {
            await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, Token);
            // The answer to the one before must have been read, or its time would still run.
            await bench.Clock.WaitForStandstillAsync();
            bench.Clock.Advance(bench.Options.RecipientTimeout - Instant);
            hold.Release();
        }

        Assert.Equal(Sent, (await sending).Status);
    }

    [Fact]
    public async Task A_server_that_reads_slowly_has_its_time_for_each_piece()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var bench = new SmtpBench();
        var sending = bench.SendAsync(Large, bench.Settings with { SmtpPort = ((IPEndPoint)listener.LocalEndpoint).Port });
        using var server = await ScriptedServer.AcceptAsync(listener, Token);
        await server.SayAsync("220 mail", "250 mail", "250 sender", "250 recipient", "354 go on");
        await server.ReadAsync(1_000_000);
        for (var piece = 0; piece < 3; piece++)
        {
            bench.Clock.Advance(bench.Options.ContentTimeout - Instant);
            var steps = bench.Clock.Steps;
            await server.ReadAsync(10_000_000);
            await bench.Clock.WaitForStepAsync(steps);
        }

        await server.ReadToEndOfContentAsync();
        await server.SayAsync("250 taken");
        var result = await sending;
        Assert.True(result.Status == Sent, result.ToString());
    }

    [Fact]
    public async Task A_kept_connection_that_no_longer_answers_is_replaced()
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench();
        await bench.SendAsync();
        bench.Sink.Fault = SmtpFaults.First(1, SmtpStage.MailFrom, SmtpFault.Hang(hold));
        var sending = bench.SendAsync();
        await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, Token);
        await bench.Clock.WaitForStandstillAsync();
        bench.Clock.Advance(bench.Options.SenderTimeout);
        Assert.Equal(Sent, (await sending).Status);
        Assert.Equal(2, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task A_server_that_dawdles_at_every_phase_is_given_up_while_the_claim_lasts()
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(SmtpStage.RcptTo, SmtpFault.Hang(hold)) }, new SmtpOptions { RecipientTimeout = TimeSpan.FromHours(1) });
        var sending = bench.SendAsync();
        await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, Token);
        bench.Clock.Advance(bench.Options.TotalTimeout);
        var result = await sending;
        Assert.Equal((Transient, ErrorCategory.Timeout), (result.Status, result.Category));
        Assert.InRange(bench.Options.TotalTimeout, TimeSpan.Zero, ClaimPolicy.SendTime - TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_reset_that_hangs_does_not_change_what_the_server_said()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var bench = new SmtpBench();
        var sending = bench.SendAsync(settings: bench.Settings with { SmtpPort = ((IPEndPoint)listener.LocalEndpoint).Port });
        using var server = await ScriptedServer.AcceptAsync(listener, Token);
        await server.SayAsync("220 mail", "250 mail", "553 5.1.8 no");
        Assert.Equal("RSET", await server.ReadLineAsync());
        await bench.Clock.WaitForStandstillAsync();
        bench.Clock.Advance(bench.Options.DataTimeout);
        var result = await sending;
        Assert.Equal((Permanent, ErrorCategory.Config, "553 5.1.8 no"), (result.Status, result.Category, result.Answer));
    }

    private static TimeSpan TimeOf(SmtpBench bench, string name) => (TimeSpan)typeof(SmtpOptions).GetProperty(name)!.GetValue(bench.Options)!;

    // Far more than what waits in the sockets' buffers.
    private static EmailContent Large { get; } = Emails.Small with { Text = string.Concat(Enumerable.Repeat(new string('x', 70) + "\r\n", 600_000)) };
}
