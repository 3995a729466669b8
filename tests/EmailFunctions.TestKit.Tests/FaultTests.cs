using System.Diagnostics;
using MailKit;
using MailKit.Net.Smtp;

namespace EmailFunctions.TestKit.Tests;

public sealed class FaultTests
{
    [Theory]
    [InlineData(SmtpStage.MailFrom, "451 4.7.1 later", 451)]
    [InlineData(SmtpStage.RcptTo, "550 5.1.1 nobody", 550)]
    [InlineData(SmtpStage.Data, "452 4.3.1 full", 452)]
    [InlineData(SmtpStage.EndOfData, "554 5.6.0 bad content", 554)]
    public async Task A_refusal_is_given_and_the_connection_goes_on(SmtpStage stage, string reply, int code)
    {
        await using var sink = SmtpSink.Start(new() { Fault = SmtpFaults.First(1, stage, SmtpFault.Reply(reply)) });
        using var client = await Mail.ConnectAsync(sink);
        var error = await Assert.ThrowsAsync<SmtpCommandException>(() => client.SendAsync(Mail.Message(), Mail.Token));
        Assert.Equal(code, (int)error.StatusCode);
        Assert.Empty(sink.Messages);
        await client.SendAsync(Mail.Message(), Mail.Token);
        Assert.Single(sink.Messages);
        Assert.Equal(1, sink.Counts.ConnectionsOpened);
    }

    [Theory]
    [InlineData(SmtpStage.MailFrom)]
    [InlineData(SmtpStage.EndOfData)]
    [InlineData(SmtpStage.DataBody)]
    public async Task A_421_also_closes(SmtpStage stage)
    {
        await using var sink = SmtpSink.Start(new()
        {
            Fault = SmtpFaults.Always(stage, SmtpFault.Reply("421 4.3.2 going down")),
        });
        using var client = await Mail.ConnectAsync(sink);
        var error = await Assert.ThrowsAnyAsync<Exception>(
            () => client.SendAsync(Mail.Message(body: new string('x', 500_000)), Mail.Token));
        Assert.Contains("4.3.2", error.Message, StringComparison.Ordinal);
        await client.DisconnectAsync(quit: false, Mail.Token);
        await sink.WaitForNoConnectionsAsync(Mail.Limit, Mail.Token);
        Assert.Empty(sink.Messages);
    }

    [Fact]
    public async Task A_refusal_at_connect_is_given()
    {
        await using var sink = SmtpSink.Start(new()
        {
            Fault = SmtpFaults.First(1, SmtpStage.Connect, SmtpFault.Reply("421 4.3.2 busy")),
        });
        var error = await Assert.ThrowsAsync<SmtpCommandException>(() => Mail.ConnectAsync(sink));
        Assert.Equal(SmtpStatusCode.ServiceNotAvailable, error.StatusCode);
        await Mail.SendOneAsync(sink);
    }

    [Theory]
    [InlineData(SmtpStage.Connect, false)]
    [InlineData(SmtpStage.Ehlo, false)]
    [InlineData(SmtpStage.MailFrom, false)]
    [InlineData(SmtpStage.RcptTo, false)]
    [InlineData(SmtpStage.Data, false)]
    [InlineData(SmtpStage.DataBody, false)]
    [InlineData(SmtpStage.EndOfData, false)]
    [InlineData(SmtpStage.EndOfData, true)]
    public async Task Closing_before_the_answer_loses_the_message(SmtpStage stage, bool reset)
    {
        var fault = reset ? SmtpFault.Break() : SmtpFault.Close();
        await using var sink = SmtpSink.Start(new() { Fault = SmtpFaults.First(1, stage, fault) });
        var error = await Assert.ThrowsAnyAsync<Exception>(() => Mail.SendOneAsync(sink));
        Assert.True(error is IOException or SmtpProtocolException or ServiceNotConnectedException, error.ToString());
        await sink.WaitForNoConnectionsAsync(Mail.Limit, Mail.Token);
        Assert.Empty(sink.Messages);
        await Mail.SendOneAsync(sink);
        Assert.Single(sink.Messages);
        Assert.Empty(sink.Errors);
    }

    [Fact]
    public async Task Closing_after_accepting_keeps_the_message_but_the_client_fails()
    {
        await using var sink = SmtpSink.Start(new()
        {
            Fault = SmtpFaults.First(1, SmtpStage.EndOfData, SmtpFault.CloseAfterAccept()),
        });
        await Assert.ThrowsAsync<SmtpProtocolException>(() => Mail.SendOneAsync(sink));
        Assert.Single(sink.Messages);
    }

    [Fact]
    public async Task A_delay_holds_the_answer_back()
    {
        var time = TimeSpan.FromMilliseconds(150);
        await using var sink = SmtpSink.Start(new() { Fault = SmtpFaults.First(1, SmtpStage.RcptTo, SmtpFault.Delay(time)) });
        var start = Stopwatch.GetTimestamp();
        await Mail.SendOneAsync(sink);
        Assert.InRange(Stopwatch.GetElapsedTime(start), time * 0.9, Mail.Limit);
        Assert.Single(sink.Messages);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_hang_lasts_until_it_is_released(bool accept)
    {
        var hold = new SmtpHold();
        var fault = accept ? SmtpFault.HangAfterAccept(hold) : SmtpFault.Hang(hold);
        await using var sink = SmtpSink.Start(new() { Fault = SmtpFaults.Always(SmtpStage.EndOfData, fault) });
        var sending = Mail.SendOneAsync(sink);
        await hold.WaitForArrivalsAsync(1, Mail.Limit, Mail.Token);
        Assert.Equal((accept ? 1 : 0, false), (sink.Counts.MessagesAccepted, sending.IsCompleted));
        hold.Release();
        await sending;
        Assert.Equal(1, sink.Counts.MessagesAccepted);
    }

    [Fact]
    public async Task Dropping_breaks_idle_and_hanging_connections()
    {
        var hold = new SmtpHold();
        await using var sink = SmtpSink.Start();
        using var idle = await Mail.ConnectAsync(sink);
        sink.Fault = SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.Hang(hold));
        var sending = Mail.SendOneAsync(sink);
        await hold.WaitForArrivalsAsync(1, Mail.Limit, Mail.Token);
        sink.DropAllConnections();
        await Assert.ThrowsAnyAsync<Exception>(() => sending);
        await Assert.ThrowsAnyAsync<Exception>(() => idle.NoOpAsync(Mail.Token));
        await sink.WaitForNoConnectionsAsync(Mail.Limit, Mail.Token);
        sink.Fault = null;
        await Mail.SendOneAsync(sink);
        Assert.Single(sink.Messages);
    }

    [Fact]
    public async Task The_script_is_told_where_it_is()
    {
        var seen = new System.Collections.Concurrent.ConcurrentQueue<SmtpFaultContext>();
        await using var sink = SmtpSink.Start(new()
        {
            CaptureHeaders = ["X-Test-Id"],
            Fault = context =>
            {
                seen.Enqueue(context);
                return null;
            },
        });
        await Mail.SendOneAsync(sink, "here");
        await Mail.SendOneAsync(sink);
        var stages = Enum.GetValues<SmtpStage>().Where(stage => stage is not (SmtpStage.Auth or SmtpStage.StartTls)).ToArray();
        Assert.Equal([.. stages, .. stages], seen.Select(context => context.Stage));
        var end = seen.First(context => context.Stage == SmtpStage.EndOfData);
        Assert.Equal("here", Assert.Single(end.Headers).Value);
        Assert.Equal(("from@example.test", 1, 1, 1), (end.MailFrom, end.Occurrence, end.ConnectionNumber, end.TransactionNumber));
        Assert.Equal((2, 2), (seen.Last().Occurrence, seen.Last().ConnectionNumber));
    }

    [Fact]
    public async Task A_failing_script_is_reported()
    {
        await using var sink = SmtpSink.Start(new() { Fault = _ => throw new InvalidOperationException("script") });
        await Assert.ThrowsAnyAsync<Exception>(() => Mail.SendOneAsync(sink));
        await sink.WaitForNoConnectionsAsync(Mail.Limit, Mail.Token);
        Assert.Equal("script", Assert.Single(sink.Errors).Message);
    }

    [Fact]
    public async Task A_positive_reply_takes_the_usual_ones_place()
    {
        await using var sink = SmtpSink.Start(new()
        {
            Fault = SmtpFaults.FirstOf(
                SmtpFaults.Always(SmtpStage.Ehlo, SmtpFault.Reply("250-other\r\n250 CHUNKING")),
                SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.Reply("250 2.0.0 queued as 42").ThenClose())),
        });
        using var client = await Mail.ConnectAsync(sink);
        Assert.Equal(SmtpCapabilities.Chunking, client.Capabilities);
        client.Capabilities = SmtpCapabilities.None;
        Assert.Equal("2.0.0 queued as 42", await client.SendAsync(Mail.Message(), Mail.Token));
        Assert.Single(sink.Messages);
    }
}
