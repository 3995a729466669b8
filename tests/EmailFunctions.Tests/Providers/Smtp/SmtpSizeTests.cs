using System.Globalization;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>The largest message that a server says it takes (RFC 1870).</summary>
public sealed class SmtpSizeTests
{
    [Fact]
    public async Task What_a_server_announces_is_known_after_the_first_connection()
    {
        await using var bench = new SmtpBench(new() { MaxMessageBytes = 12_345 });
        Assert.Null(bench.Provider.MaxEncodedBytes(bench.Settings));
        await bench.ProbeAsync();
        Assert.Equal(12_345, bench.Provider.MaxEncodedBytes(bench.Settings));
        Assert.Equal(12_345, bench.Provider.MaxEncodedBytes(bench.Settings with { SmtpUsername = "another" }));
        Assert.Null(bench.Provider.MaxEncodedBytes(bench.Settings with { SmtpPort = 1 }));
        Assert.Null(bench.Provider.MaxEncodedBytes(bench.Settings with { SmtpHost = "localhost" }));
    }

    [Theory]
    [InlineData("250 sink")]
    [InlineData("250-sink\r\n250 SIZE")]
    [InlineData("250-sink\r\n250 SIZE 0")]
    public async Task A_server_that_announces_none_any_more_has_none(string ehlo)
    {
        await using var bench = new SmtpBench();
        await bench.ProbeAsync();
        Assert.NotNull(bench.Provider.MaxEncodedBytes(bench.Settings));
        bench.Sink.Fault = SmtpFaults.Always(SmtpStage.Ehlo, SmtpFault.Reply(ehlo));
        await bench.ProbeAsync();
        Assert.Null(bench.Provider.MaxEncodedBytes(bench.Settings));
    }

    [Fact]
    public void Only_so_many_servers_are_remembered()
    {
        var sizes = new SmtpSizes();
        for (var port = 1; port <= 25_000; port++)
            sizes.Note(Server(port), port);
        Assert.InRange(Enumerable.Range(1, 25_000).Count(port => sizes.Find(Server(port)) is not null), 1, 10_000);
        Assert.Equal(25_000, sizes.Find(Server(25_000)));
    }

    [Fact]
    public async Task A_message_is_announced_with_its_size()
    {
        await using var bench = new SmtpBench();
        await bench.SendAsync();
        var message = Assert.Single(bench.Sink.Messages);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"SIZE={message.Size}"), message.MailParameters, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_is_as_large_as_allowed_goes_out_and_one_byte_more_does_not()
    {
        await using var bench = new SmtpBench();
        await bench.SendAsync(Text(500));
        var size = Assert.Single(bench.Sink.Messages).Size;

        await using var exact = new SmtpBench(new() { MaxMessageBytes = size });
        Assert.Equal(SendStatus.Sent, (await exact.SendAsync(Text(500))).Status);
        var result = await exact.SendAsync(Text(501));
        Assert.Equal((SendStatus.Permanent, ErrorCategory.Content), (result.Status, result.Category));
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"The message has {size + 1} bytes; the server takes at most {size}."), result.Answer);
    }

    [Fact]
    public async Task A_message_that_is_too_large_reaches_no_server_and_leaves_the_connection_usable()
    {
        var commands = new List<string>();
        await using var bench = new SmtpBench(new()
        {
            MaxMessageBytes = 10_000,
            Fault = context =>
            {
                commands.Add(context.Command);
                return null;
            },
        });
        Assert.Equal(SendStatus.Permanent, (await bench.SendAsync(Text(20_000))).Status);
        Assert.DoesNotContain(commands, static command => command.StartsWith("MAIL", StringComparison.Ordinal));
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal(1, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task A_limit_that_was_not_announced_shows_in_the_answer()
    {
        await using var bench = new SmtpBench(new() { Size = false, MaxMessageBytes = 10_000 });
        var result = await bench.SendAsync(Text(20_000));
        Assert.Equal((SendStatus.Permanent, ErrorCategory.Content, "552 5.3.4 message too large"), (result.Status, result.Category, result.Answer));
    }

    private static EmailContent Text(int length) => Emails.Small with { Text = string.Concat(Enumerable.Range(0, length).Select(static n => n % 70 == 69 ? "\n" : "x")) };

    private static ProviderSettings Server(int port) => new() { Type = ProviderType.Smtp, SmtpHost = "mail.example", SmtpPort = port };
}
