using System.Diagnostics;
using System.Text;
using MailKit.Security;
using MimeKit;

namespace EmailFunctions.TestKit.Tests;

public sealed class DeliveryTests
{
    [Fact]
    public async Task A_message_is_recorded_with_envelope_headers_and_times()
    {
        var before = Stopwatch.GetTimestamp();
        await using var sink = SmtpSink.Start(new() { CaptureHeaders = ["message-id", "X-Test-Id", "Subject"] });
        var message = Mail.Message("a-1", "hi", "one@example.test", "two@example.test");
        using var client = await Mail.ConnectAsync(sink);
        await client.SendAsync(message, Mail.Token);
        await sink.WaitForCountAsync(1, Mail.Limit, Mail.Token);

        var got = Assert.Single(sink.Messages);
        Assert.Equal("from@example.test", got.MailFrom);
        Assert.Equal(["one@example.test", "two@example.test"], got.Recipients);
        Assert.Equal("a-1", got.Header("x-test-id"));
        Assert.Equal($"<{message.MessageId}>", got.Header("Message-ID"));
        Assert.InRange(got.ArrivalTimestamp, before, Stopwatch.GetTimestamp());
        Assert.InRange(DateTimeOffset.UtcNow - got.ArrivedUtc, TimeSpan.Zero, Mail.Limit);
        Assert.Equal((1, false, null), (got.ConnectionNumber, got.Encrypted, got.AuthenticatedAs));
        Assert.True(got.Content.IsEmpty);
    }

    [Theory]
    [InlineData(SmtpSinkTls.StartTls, SecureSocketOptions.StartTls)]
    [InlineData(SmtpSinkTls.Implicit, SecureSocketOptions.SslOnConnect)]
    public async Task Messages_come_over_tls(SmtpSinkTls tls, SecureSocketOptions option)
    {
        await using var sink = SmtpSink.Start(new() { Tls = tls, Credentials = new("user", "pass wörd") });
        using var client = await Mail.ConnectAsync(sink, option);
        Assert.True(client.IsSecure);
        await client.AuthenticateAsync("user", "pass wörd", Mail.Token);
        await client.SendAsync(Mail.Message(), Mail.Token);
        await client.SendAsync(Mail.Message(), Mail.Token);
        await client.DisconnectAsync(quit: true, Mail.Token);

        await sink.WaitForNoConnectionsAsync(Mail.Limit, Mail.Token);
        Assert.Equal(2, sink.Messages.Count);
        Assert.All(sink.Messages, message => Assert.Equal((true, "user"), (message.Encrypted, message.AuthenticatedAs)));
        Assert.Empty(sink.Errors);
    }

    [Fact]
    public async Task Ten_megabytes_with_dots_are_kept_byte_for_byte()
    {
        await using var sink = SmtpSink.Start(new() { KeepContent = true });
        var text = new StringBuilder();
        for (var line = 0; text.Length < 10 * 1024 * 1024; line++)
        {
            text.Append('.', line % 4).Append(new string('x', line % 71)).Append("\r\n");
        }

        var message = Mail.Message(body: text.ToString());
        message.Prepare(EncodingConstraint.SevenBit);
        using var expected = new MemoryStream();
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        using var client = await Mail.ConnectAsync(sink);
        await client.SendAsync(format, message, Mail.Token);
        await message.WriteToAsync(format, expected, Mail.Token);

        var got = Assert.Single(sink.Messages);
        Assert.Equal(expected.Length, got.Size);
        Assert.True(got.Content.Span.SequenceEqual(expected.ToArray()));
    }

    [Fact]
    public async Task Many_connections_are_counted_and_waited_for()
    {
        const int Clients = 16, Each = 25;
        await using var sink = SmtpSink.Start(new() { CaptureHeaders = ["X-Test-Id"] });
        var wait = sink.WaitForCountAsync(Clients * Each, Mail.Limit, Mail.Token);
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Mail.ConnectAsync(sink)));
        await Task.WhenAll(clients.Select(async (client, number) =>
        {
            using var closing = client;
            for (var i = 0; i < Each; i++)
            {
                await client.SendAsync(Mail.Message($"{number}-{i}"), Mail.Token);
            }
        }));
        await wait;
        Assert.Equal(Clients * Each, sink.Messages.Select(message => message.Header("X-Test-Id")).Distinct().Count());
        Assert.Equal((Clients, Clients), (sink.Counts.ConnectionsOpened, sink.Counts.ConnectionsAtOnce));
        sink.Clear();
        Assert.Equal((0, 0), (sink.Counts.MessagesAccepted, sink.Counts.ConnectionsOpened));
    }

    [Fact]
    public async Task A_wait_for_too_many_times_out()
    {
        await using var sink = SmtpSink.Start();
        await Assert.ThrowsAsync<TimeoutException>(
            () => sink.WaitForCountAsync(1, TimeSpan.FromMilliseconds(20), Mail.Token));
    }

    [Fact]
    public async Task Utf8_addresses_and_folded_headers_are_read()
    {
        await using var sink = SmtpSink.Start(new() { CaptureHeaders = ["X-Long"] });
        var message = Mail.Message(to: "jürgen@example.test");
        var value = string.Join(' ', Enumerable.Repeat("word", 60));
        message.Headers.Add("X-Long", value);
        using var client = await Mail.ConnectAsync(sink);
        var format = FormatOptions.Default.Clone();
        format.International = true;
        await client.SendAsync(format, message, Mail.Token);

        var got = Assert.Single(sink.Messages);
        Assert.Equal("jürgen@example.test", Assert.Single(got.Recipients));
        Assert.Contains("SMTPUTF8", got.MailParameters, StringComparison.Ordinal);
        Assert.Equal(value, got.Header("X-Long"));
    }
}
