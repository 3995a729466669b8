using System.Net.Sockets;
using System.Text;
using MailKit.Net.Smtp;

namespace EmailFunctions.TestKit.Tests;

/// <summary>What MailKit would not send: raw bytes on a socket.</summary>
public sealed class ProtocolTests
{
    [Fact]
    public async Task Pipelined_commands_in_one_packet_get_one_answer()
    {
        await using var sink = SmtpSink.Start();
        using var socket = await OpenAsync(sink);
        await SendAsync(socket, "EHLO me\r\n");
        await ReadAsync(socket);
        await SendAsync(socket, "MAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nRSET\r\nNOOP\r\nVRFY x\r\n");
        var answer = await ReadAsync(socket, lines: 6);
        Assert.Equal(
            ["250 2.1.0", "250 2.1.5", "250 2.1.5", "250 2.0.0", "250 2.0.0", "502 5.5.1"],
            answer.TrimEnd().Split("\r\n").Select(line => line[..9]));
        Assert.Equal(1, sink.Counts.Resets);
    }

    [Fact]
    public async Task Two_whole_messages_in_one_packet_are_both_taken()
    {
        await using var sink = SmtpSink.Start(new() { KeepContent = true });
        using var socket = await OpenAsync(sink);
        const string Transaction = "MAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n";
        await SendAsync(socket, $"HELO me\r\n{Transaction}..one\r\n.\r\n{Transaction}.\r\nQUIT\r\n");
        await sink.WaitForCountAsync(2, Mail.Limit, Mail.Token);
        Assert.Equal([".one\r\n", ""], sink.Messages.Select(Text));
        socket.Close();
        await sink.WaitForNoConnectionsAsync(Mail.Limit, Mail.Token);
    }

    [Fact]
    public async Task A_message_cut_at_every_byte_comes_out_the_same()
    {
        await using var sink = SmtpSink.Start(new() { KeepContent = true, CaptureHeaders = ["X-Test-Id"] });
        using var socket = await OpenAsync(sink);
        await SendAsync(socket, "EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n");
        foreach (var octet in "X-Test-Id: 7\r\n folded\r\n\r\n..\r\n.\r.\r\n.x\r\n\n.\n\r\r\n...\r\n.\r\n")
        {
            await SendAsync(socket, octet.ToString());
        }

        await sink.WaitForCountAsync(1, Mail.Limit, Mail.Token);
        Assert.Equal("X-Test-Id: 7\r\n folded\r\n\r\n.\r\n\r.\r\nx\r\n\n.\n\r\r\n..\r\n", Text(sink.Messages[0]));
        Assert.Equal("7 folded", sink.Messages[0].Header("X-Test-Id"));
    }

    [Fact]
    public async Task A_message_in_chunks_is_put_together_and_dots_are_left_alone()
    {
        await using var sink = SmtpSink.Start(new() { KeepContent = true, Chunking = true });
        using var socket = await OpenAsync(sink);
        await SendAsync(socket, "EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nBDAT 4\r\n..onBDAT 6\r\ne\r\n.\r\nBDAT 0 LAST\r\n");
        await sink.WaitForCountAsync(1, Mail.Limit, Mail.Token);
        Assert.Equal(("..one\r\n.\r\n", true), (Text(sink.Messages[0]), sink.Messages[0].Chunked));
    }

    [Fact]
    public async Task The_bytes_of_a_refused_chunk_are_no_commands()
    {
        await using var sink = SmtpSink.Start(new() { Chunking = true, Fault = SmtpFaults.Always(SmtpStage.Data, SmtpFault.Reply("554 5.6.0 no")) });
        using var socket = await OpenAsync(sink);
        await SendAsync(socket, "MAIL FROM:<a@b.c>\r\nBDAT 6 LAST\r\nNOOP\r\nRSET\r\n");
        Assert.Equal(["503", "554", "250"], (await ReadAsync(socket, lines: 3)).TrimEnd().Split("\r\n").Select(line => line[..3]));
    }

    [Fact]
    public async Task A_connection_too_many_is_refused_until_another_is_closed()
    {
        await using var sink = SmtpSink.Start(new() { MaxConnections = 1 });
        using (await Mail.ConnectAsync(sink))
        {
            var error = await Assert.ThrowsAsync<SmtpCommandException>(() => Mail.ConnectAsync(sink));
            Assert.Equal(421, (int)error.StatusCode);
        }

        await sink.WaitForNoConnectionsAsync(Mail.Limit, Mail.Token);
        using var client = await Mail.ConnectAsync(sink);
        sink.MaxConnections = 2;
        using var other = await Mail.ConnectAsync(sink);
    }

    [Fact]
    public async Task Extensions_can_be_switched_off()
    {
        await using var sink = SmtpSink.Start(new()
        {
            Pipelining = false,
            EightBitMime = false,
            SmtpUtf8 = false,
            EnhancedStatusCodes = false,
            Size = false,
        });
        using var client = await Mail.ConnectAsync(sink);
        Assert.Equal(SmtpCapabilities.None, client.Capabilities);
        await client.SendAsync(Mail.Message(), Mail.Token);
        Assert.Single(sink.Messages);
    }

    [Fact]
    public async Task Extensions_are_offered()
    {
        await using var sink = SmtpSink.Start(new() { MaxMessageBytes = 12345 });
        using var client = await Mail.ConnectAsync(sink);
        Assert.Equal(
            SmtpCapabilities.Pipelining | SmtpCapabilities.EightBitMime | SmtpCapabilities.UTF8 |
                SmtpCapabilities.EnhancedStatusCodes | SmtpCapabilities.Size,
            client.Capabilities);
        Assert.Equal(12345u, client.MaxSize);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_over_the_limit_is_refused(bool announced)
    {
        await using var sink = SmtpSink.Start(new() { MaxMessageBytes = 1000, Size = announced });
        using var client = await Mail.ConnectAsync(sink);
        var error = await Assert.ThrowsAsync<SmtpCommandException>(
            () => client.SendAsync(Mail.Message(body: new string('x', 900) + "\r\n" + new string('y', 900)), Mail.Token));
        Assert.Equal(552, (int)error.StatusCode);
        Assert.Empty(sink.Messages);
    }

    private static string Text(SmtpSinkMessage message) => Encoding.ASCII.GetString(message.Content.Span);

    private static async Task<Socket> OpenAsync(SmtpSink sink)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync("127.0.0.1", sink.Port, Mail.Token);
        await ReadAsync(socket);
        return socket;
    }

    private static async Task SendAsync(Socket socket, string text) =>
        await socket.SendAsync(Encoding.ASCII.GetBytes(text), Mail.Token);

    // Answers that are written one after the other may come one after the other.
    private static async Task<string> ReadAsync(Socket socket, int lines = 1)
    {
        var buffer = new byte[4096];
        var length = 0;
        while (buffer.AsSpan(0, length).Count((byte)'\n') < lines && await socket.ReceiveAsync(buffer.AsMemory(length), Mail.Token) is > 0 and var read)
            length += read;
        return Encoding.ASCII.GetString(buffer, 0, length);
    }
}
