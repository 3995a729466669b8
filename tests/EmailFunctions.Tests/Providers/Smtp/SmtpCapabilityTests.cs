using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.TestKit;
using MimeKit;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>What a server offers decides how a message is written, never what it says.</summary>
public sealed class SmtpCapabilityTests
{
    /// <summary>Messages with one address that only SMTPUTF8 carries.</summary>
    public static TheoryData<string> International => ["sender", "to", "bcc", "reply_to"];

    [Theory]
    [MemberData(nameof(International))]
    public async Task An_international_address_goes_to_a_server_that_takes_it(string where)
    {
        await using var bench = new SmtpBench(new() { KeepContent = true });
        var result = await bench.SendAsync(With(where));
        Assert.Equal(SendStatus.Sent, result.Status);
        var message = Assert.Single(bench.Sink.Messages);
        Assert.Contains("SMTPUTF8", message.MailParameters, StringComparison.Ordinal);
        string[] addresses = [message.MailFrom, .. message.Recipients, Encoding.UTF8.GetString(message.Content.Span)];
        Assert.Contains(addresses, static text => text.Contains("jürgen@example.com", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(International))]
    public async Task An_international_address_is_kept_from_a_server_that_does_not_take_it(string where)
    {
        var commands = new List<string>();
        await using var bench = new SmtpBench(new()
        {
            SmtpUtf8 = false,
            Fault = context =>
            {
                commands.Add(context.Command);
                return null;
            },
        });
        var result = await bench.SendAsync(With(where));
        Assert.Equal(where is "to" or "bcc" ? SendStatus.Sent : SendStatus.Permanent, result.Status);
        Assert.DoesNotContain(commands, static command => command.Contains("ürgen", StringComparison.Ordinal));

        // The connection has seen nothing of it, so that the next message can use it.
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal(1, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task An_international_domain_goes_to_a_server_without_smtputf8_in_its_ascii_form()
    {
        await using var bench = new SmtpBench(new() { KeepContent = true, SmtpUtf8 = false });
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync(WithInternationalDomains)).Status);
        var message = Assert.Single(bench.Sink.Messages);
        Assert.Equal(("a@xn--bcher-kva.example", "b@xn--bcher-kva.example"), (message.MailFrom, Assert.Single(message.Recipients)));
        Assert.True(Ascii.IsValid(message.Content.Span));
    }

    // On the envelope MailKit writes it as it is where the server allows that.
    [Fact]
    public async Task An_international_domain_makes_no_message_international()
    {
        await using var bench = new SmtpBench(new() { KeepContent = true });
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync(WithInternationalDomains)).Status);
        Assert.True(Ascii.IsValid(Assert.Single(bench.Sink.Messages).Content.Span));
    }

    [Fact]
    public async Task A_message_with_plain_addresses_never_asks_for_smtputf8()
    {
        await using var bench = new SmtpBench(new() { KeepContent = true });
        await bench.SendAsync(Emails.Small with { Subject = "Grüße 🎉", FromName = "Jürgen", Text = "plain" });
        var message = Assert.Single(bench.Sink.Messages);
        Assert.DoesNotContain("SMTPUTF8", message.MailParameters, StringComparison.Ordinal);
        Assert.True(Ascii.IsValid(message.Content.Span));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Eight_bits_go_only_to_a_server_that_takes_them_and_the_text_is_the_same(bool offered)
    {
        const string Text = "Grüße aus Köln\r\n";
        await using var bench = new SmtpBench(new() { KeepContent = true, EightBitMime = offered });
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync(Emails.Small with { Text = Text })).Status);
        var message = Assert.Single(bench.Sink.Messages);
        Assert.Equal(offered, message.MailParameters.Contains("BODY=8BITMIME", StringComparison.Ordinal));
        Assert.Equal(!offered, Ascii.IsValid(message.Content.Span));
        using var stream = new MemoryStream(message.Content.ToArray());
        using var parsed = await MimeMessage.LoadAsync(stream, TestContext.Current.CancellationToken);
        Assert.Equal(Text, parsed.TextBody?.ReplaceLineEndings("\r\n"));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public async Task A_server_of_few_words_gets_its_mail_all_the_same(bool pipelining, bool size)
    {
        await using var bench = new SmtpBench(new() { Pipelining = pipelining, Size = size, EnhancedStatusCodes = size });
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync(Emails.To(100))).Status);
        Assert.Equal(100, Assert.Single(bench.Sink.Messages).Recipients.Count);
    }

    private static EmailContent WithInternationalDomains { get; } =
        Emails.Small with { FromEmail = "a@bücher.example", To = ["b@bücher.example"], ReplyTo = "c@bücher.example" };

    private static EmailContent With(string where) => where switch
    {
        "sender" => Emails.Small with { FromEmail = "jürgen@example.com" },
        "to" => Emails.Small with { To = ["a@example.com", "jürgen@example.com"] },
        "bcc" => Emails.Small with { Bcc = ["jürgen@example.com"] },
        _ => Emails.Small with { ReplyTo = "jürgen@example.com" },
    };
}
