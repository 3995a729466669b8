using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;
using MimeKit;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>Content by BDAT (RFC 3030): what is known of a message that fails must hold with it, too.</summary>
public sealed class SmtpChunkingTests
{
    private static readonly SmtpSinkOptions Server = new() { Chunking = true, BinaryMime = true, KeepContent = true };

    private static EmailContent Dotted { get; } = Emails.To(3) with { Text = string.Concat(Enumerable.Repeat("x\r\n.\r\n..\r\n", 2_000)) };

    public static TheoryData<bool> Pipelining => [true, false];

    [Fact]
    public async Task A_message_in_a_chunk_arrives_as_it_is()
    {
        await using var bench = Start(Server);
        Assert.Equal(Sent, (await bench.SendAsync(Dotted)).Status);
        using var mime = await MimeMessage.LoadAsync(new MemoryStream(Assert.Single(bench.Sink.Messages).Content.ToArray()), TestContext.Current.CancellationToken);
        Assert.Equal(Dotted.Text!.InMemory, mime.TextBody?.ReplaceLineEndings("\r\n"));
        Assert.True(bench.Sink.Messages[0].Chunked);
    }

    [Fact]
    public async Task Where_it_is_not_asked_for_content_goes_by_data()
    {
        await using var bench = new SmtpBench(Server);
        Assert.Equal(Sent, (await bench.SendAsync(Dotted with { Text = new string('x', 3_000) })).Status);
        Assert.False(Assert.Single(bench.Sink.Messages).Chunked);
    }

    [Fact]
    public async Task A_server_that_offers_no_chunks_gets_none()
    {
        await using var bench = Start(Server with { Chunking = false });
        Assert.Equal(Sent, (await bench.SendAsync(Dotted)).Status);
        Assert.False(Assert.Single(bench.Sink.Messages).Chunked);
    }

    [Theory]
    [MemberData(nameof(Pipelining))]
    public async Task Refused_recipients_are_named(bool pipelining)
    {
        await using var bench = Start(Server with
        {
            Pipelining = pipelining,
            Fault = static context => context switch
            {
                { Stage: SmtpStage.RcptTo, Command: "RCPT TO:<r0@example.com>" } => SmtpFault.Reply("550 5.1.1 nobody"),
                { Stage: SmtpStage.RcptTo, Command: "RCPT TO:<r2@example.com>" } => SmtpFault.Reply("450 4.2.0 greylisted"),
                _ => null,
            },
        });
        var result = await bench.SendAsync(Dotted);
        Assert.Equal(Sent, result.Status);
        Assert.Equal([0], result.RefusedRecipients);
        Assert.Equal([2], result.DeferredRecipients);
        Assert.True(Assert.Single(bench.Sink.Messages).Chunked);
    }

    [Theory]
    [InlineData(SmtpStage.Data, "451 4.3.0 local error", Transient, ErrorCategory.ProviderUnavailable)]
    [InlineData(SmtpStage.EndOfData, "554 5.6.0 no", Permanent, ErrorCategory.Content)]
    [InlineData(SmtpStage.EndOfData, "550 5.1.1 nobody", Permanent, ErrorCategory.Recipient)]
    public async Task A_refusal_is_read_as_with_data_and_the_connection_stays_usable(SmtpStage stage, string reply, SendStatus status, ErrorCategory category)
    {
        await using var bench = Start(Server with { Fault = SmtpFaults.First(1, stage, SmtpFault.Reply(reply)) });
        var result = await bench.SendAsync(Dotted);
        Assert.Equal((status, category, reply), (result.Status, result.Category, result.Answer));
        Assert.Equal(Sent, (await bench.SendAsync(Dotted)).Status);
        Assert.Equal(1, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task A_connection_lost_before_the_answer_is_unknown()
    {
        await using var bench = Start(Server with { Fault = SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.CloseAfterAccept()) });
        Assert.Equal(Unknown, (await bench.SendAsync(Dotted)).Status);
        Assert.Single(bench.Sink.Messages);
    }

    // The last piece may be out when it fails, and nothing else marks the end.
    [Fact]
    public async Task A_connection_lost_in_the_middle_of_a_chunk_is_unknown()
    {
        await using var bench = Start(Server with { Fault = SmtpFaults.Always(SmtpStage.DataBody, SmtpFault.Break()) });
        var result = await bench.SendAsync(Dotted with { Text = string.Concat(Enumerable.Repeat(new string('x', 70) + "\r\n", 600_000)) });
        Assert.Equal(Unknown, result.Status);
        Assert.Empty(bench.Sink.Messages);
    }

    [Fact]
    public async Task A_server_that_hangs_before_its_answer_times_out_as_unknown()
    {
        var hold = new SmtpHold();
        await using var bench = Start(Server with { Fault = SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.Hang(hold)) });
        var sending = bench.SendAsync(Dotted);
        await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, TestContext.Current.CancellationToken);
        await bench.Clock.WaitForStandstillAsync();
        bench.Clock.Advance(bench.Options.AnswerTimeout);
        var result = await sending;
        Assert.Equal((Unknown, ErrorCategory.Timeout), (result.Status, result.Category));
    }

    private static SmtpBench Start(SmtpSinkOptions server) => new(server, new SmtpOptions { UseChunking = true });
}
