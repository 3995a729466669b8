using EmailFunctions.Providers;
using EmailFunctions.TestKit;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>What happens when a server takes some recipients and refuses others.</summary>
public sealed class SmtpRecipientTests
{
    [Fact]
    public async Task Refused_recipients_are_named_by_position_and_the_others_get_the_message()
    {
        await using var bench = new SmtpBench(new() { Fault = Refuse("550 5.1.1 nobody", "r1@", "c0@", "b1@") });
        var result = await bench.SendAsync(Emails.To(3) with { Cc = ["c0@example.com"], Bcc = ["b0@example.com", "b1@example.com"] });
        Assert.Equal(SendStatus.Sent, result.Status);
        Assert.Null(result.Category);
        Assert.Equal([1, 3, 5], result.RefusedRecipients);
        Assert.Equal(["r0@example.com", "r2@example.com", "b0@example.com"], Assert.Single(bench.Sink.Messages).Recipients);
    }

    [Fact]
    public async Task A_message_that_is_taken_whole_names_no_refused_recipients()
    {
        await using var bench = new SmtpBench();
        Assert.Empty((await bench.SendAsync(Emails.To(3))).RefusedRecipients);
    }

    [Fact]
    public async Task A_refused_recipient_that_is_given_twice_is_named_twice()
    {
        await using var bench = new SmtpBench(new() { Fault = Refuse("550 5.1.1 nobody", "r1@") });
        var result = await bench.SendAsync(Emails.To(2) with { Bcc = ["r1@example.com", "R1@example.com"] });
        Assert.Equal([1, 2, 3], result.RefusedRecipients);
    }

    [Fact]
    public async Task Refusals_of_one_message_do_not_count_for_the_next_on_the_same_connection()
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.First(1, SmtpStage.RcptTo, SmtpFault.Reply("550 5.1.1 nobody")) });
        Assert.Equal([0], (await bench.SendAsync(Emails.To(2))).RefusedRecipients);
        Assert.Empty((await bench.SendAsync(Emails.To(2))).RefusedRecipients);
        Assert.Equal(1, bench.Sink.Counts.ConnectionsOpened);
    }

    [Theory]
    [InlineData("550 5.1.1 nobody", "450 4.2.0 greylisted")]
    [InlineData("450 4.2.0 greylisted", "550 5.1.1 nobody")]
    public async Task When_all_are_refused_but_one_of_them_only_for_now_the_message_is_tried_again(string first, string second)
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.FirstOf(Refuse(first, "r0@"), Refuse(second, "r1@")) });
        var result = await bench.SendAsync(Emails.To(2));
        Assert.Equal((SendStatus.Transient, ErrorCategory.Recipient, "450 4.2.0 greylisted"), (result.Status, result.Category, result.Answer));
    }

    [Fact]
    public async Task A_permanent_refusal_of_all_is_not_softened_by_an_earlier_message_on_the_connection()
    {
        await using var bench = new SmtpBench(new()
        {
            Fault = SmtpFaults.FirstOf(
                SmtpFaults.First(1, SmtpStage.RcptTo, SmtpFault.Reply("450 4.2.0 greylisted")),
                SmtpFaults.Always(SmtpStage.RcptTo, SmtpFault.Reply("550 5.1.1 nobody"))),
        });
        Assert.Equal(SendStatus.Transient, (await bench.SendAsync()).Status);
        Assert.Equal(SendStatus.Permanent, (await bench.SendAsync()).Status);
        Assert.Equal(1, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task A_refusal_that_quotes_the_recipient_leaves_no_address_in_the_answer()
    {
        await using var bench = new SmtpBench(new()
        {
            Fault = context => context.Stage == SmtpStage.RcptTo ? SmtpFault.Reply($"550 5.1.1 {context.Command[8..]}: unknown, says to@example.com") : null,
        });
        var result = await bench.SendAsync();
        Assert.Equal("550 5.1.1 <<address>>: unknown, says <address>", result.Answer);
    }

    private static Func<SmtpFaultContext, SmtpFault?> Refuse(string reply, params string[] who) =>
        context => context.Stage == SmtpStage.RcptTo && who.Any(name => context.Command.Contains($"<{name}", StringComparison.OrdinalIgnoreCase))
            ? SmtpFault.Reply(reply)
            : null;
}
