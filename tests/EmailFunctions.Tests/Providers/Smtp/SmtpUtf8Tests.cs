using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.TestKit;
using MimeKit;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>Messages with international local parts at a server without SMTPUTF8: those who can get them do.</summary>
public sealed class SmtpUtf8Tests
{
    private static readonly SmtpSinkOptions Server = new() { SmtpUtf8 = false, KeepContent = true };

    [Fact]
    public async Task Only_the_recipients_with_such_an_address_are_refused()
    {
        await using var bench = new SmtpBench(Server);
        var result = await bench.SendAsync(Emails.Small with { To = ["a@example.com", "jürgen@example.com"], Cc = ["用户@example.com", "c@example.com"], Bcc = ["d@example.com", "müller@example.com"] });
        Assert.Equal(SendStatus.Sent, result.Status);
        Assert.Equal([1, 2, 5], result.RefusedRecipients);
        Assert.Empty(result.DeferredRecipients);
        Assert.Equal(["a@example.com", "c@example.com", "d@example.com"], Assert.Single(bench.Sink.Messages).Recipients);
    }

    [Fact]
    public async Task Their_addresses_are_readable_in_the_headers_that_the_others_get()
    {
        await using var bench = new SmtpBench(Server);
        await bench.SendAsync(Emails.Small with { To = ["a@example.com", "jürgen@example.com"], Bcc = ["müller@example.com"] });
        var content = Assert.Single(bench.Sink.Messages).Content.ToArray();
        Assert.True(Ascii.IsValid(content));
        using var message = await MimeMessage.LoadAsync(new MemoryStream(content), TestContext.Current.CancellationToken);
        Assert.Equal(["a@example.com"], message.To.Mailboxes.Select(static mailbox => mailbox.Address));
        Assert.Equal("jürgen@example.com", Assert.Single(message.To.OfType<GroupAddress>()).Name);
    }

    [Fact]
    public async Task A_message_that_only_such_an_address_was_to_get_fails_for_its_recipient()
    {
        await using var bench = new SmtpBench(Server);
        var result = await bench.SendAsync(Emails.Small with { To = ["jürgen@example.com"] });
        Assert.Equal((SendStatus.Permanent, ErrorCategory.Recipient), (result.Status, result.Category));
        Assert.Empty(bench.Sink.Messages);
    }

    [Theory]
    [InlineData("550 5.1.1 nobody", SendStatus.Permanent)]
    [InlineData("450 4.2.0 greylisted", SendStatus.Transient)]
    public async Task Where_the_server_refuses_all_the_others_its_answer_counts(string reply, SendStatus status)
    {
        await using var bench = new SmtpBench(Server with { Fault = SmtpFaults.Always(SmtpStage.RcptTo, SmtpFault.Reply(reply)) });
        var result = await bench.SendAsync(Emails.Small with { To = ["jürgen@example.com", "a@example.com"] });
        Assert.Equal((status, ErrorCategory.Recipient, reply), (result.Status, result.Category, result.Answer));
        Assert.Equal(status == SendStatus.Transient ? [0] : Array.Empty<int>(), result.RefusedRecipients);
    }

    // Its header is rewritten although this call is not for it.
    [Fact]
    public async Task A_call_for_the_others_alone_goes_out()
    {
        await using var bench = new SmtpBench(Server);
        var email = Emails.Outgoing(Emails.Small with { To = ["jürgen@example.com", "a@example.com"] }) with { Recipients = [1] };
        var result = await bench.Provider.SendAsync(email, Emails.Account(bench.Settings), TestContext.Current.CancellationToken);
        Assert.Equal(SendStatus.Sent, result.Status);
        Assert.Empty(result.RefusedRecipients);
        Assert.True(Ascii.IsValid(Assert.Single(bench.Sink.Messages).Content.Span));
    }

    public static TheoryData<string> Senders => ["from", "reply_to"];

    [Theory]
    [MemberData(nameof(Senders))]
    public async Task A_sender_with_such_an_address_gets_nothing_out(string where)
    {
        await using var bench = new SmtpBench(Server);
        EmailContent content = where == "from" ? Emails.Small with { FromEmail = "jürgen@example.com" } : Emails.Small with { ReplyTo = "jürgen@example.com" };
        var result = await bench.SendAsync(content);
        Assert.Equal((SendStatus.Permanent, ErrorCategory.Config), (result.Status, result.Category));
    }
}
