using System.Text;
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
        Assert.Equal([first[0] == '5' ? 0 : 1], result.RefusedRecipients);
        Assert.Empty(result.DeferredRecipients);
    }

    [Theory]
    [MemberData(nameof(Pipelining))]
    public async Task Those_refused_for_now_are_told_from_those_refused_for_good(bool pipelining)
    {
        await using var bench = new SmtpBench(new()
        {
            Pipelining = pipelining,
            Fault = SmtpFaults.FirstOf(Refuse("550 5.1.1 nobody", "r0@"), Refuse("450 4.2.0 greylisted", "r2@", "b0@"), Refuse("452 4.3.1 disk full", "r3@")),
        });
        var result = await bench.SendAsync(Emails.To(5) with { Bcc = ["b0@example.com", "R2@example.com"] });
        Assert.Equal((SendStatus.Sent, null), (result.Status, result.Category));
        Assert.Equal([0], result.RefusedRecipients);
        Assert.Equal([2, 3, 5, 6], result.DeferredRecipients);
        Assert.Equal(["r1@example.com", "r4@example.com"], Assert.Single(bench.Sink.Messages).Recipients);
    }

    [Fact]
    public async Task A_call_for_some_recipients_goes_to_those_and_names_positions_in_the_whole_message()
    {
        await using var bench = new SmtpBench(new() { KeepContent = true, Fault = SmtpFaults.FirstOf(Refuse("550 5.1.1 nobody", "r3@"), Refuse("450 4.2.0 greylisted", "r4@")) });
        var email = Emails.Outgoing(Emails.To(6)) with { Recipients = [1, 3, 4] };
        var result = await bench.Provider.SendAsync(email, Emails.Account(bench.Settings), TestContext.Current.CancellationToken);
        Assert.Equal([3], result.RefusedRecipients);
        Assert.Equal([4], result.DeferredRecipients);
        var message = Assert.Single(bench.Sink.Messages);
        Assert.Equal(["r1@example.com"], message.Recipients);
        Assert.Contains("r5@example.com", Encoding.UTF8.GetString(message.Content.Span), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Pipelining))]
    public async Task When_all_are_refused_for_good_the_message_fails_for_its_recipients(bool pipelining)
    {
        await using var bench = new SmtpBench(new() { Pipelining = pipelining, Fault = SmtpFaults.Always(SmtpStage.RcptTo, SmtpFault.Reply("550 5.1.1 nobody")) });
        var result = await bench.SendAsync(Emails.To(3));
        Assert.Equal((SendStatus.Permanent, ErrorCategory.Recipient, "550 5.1.1 nobody"), (result.Status, result.Category, result.Answer));
    }

    [Fact]
    public async Task A_refusal_that_is_not_about_a_recipient_counts_before_the_others_where_nobody_is_taken()
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.FirstOf(Refuse("550 5.1.1 nobody", "r0@"), Refuse("450 4.2.0 greylisted", "r1@"), Refuse("550 5.4.5 Daily sending quota exceeded", "r2@")) });
        var result = await bench.SendAsync(Emails.To(3));
        Assert.Equal((SendStatus.Throttled, ErrorCategory.Quota), (result.Status, result.Category));
        Assert.Equal([0], result.RefusedRecipients);
    }

    [Theory]
    [MemberData(nameof(Pipelining))]
    public async Task Whoever_was_refused_for_good_stays_so_when_the_message_fails_for_now_afterwards(bool pipelining)
    {
        await using var bench = new SmtpBench(new()
        {
            Pipelining = pipelining,
            Fault = SmtpFaults.FirstOf(Refuse("550 5.1.1 nobody", "r1@"), SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.Reply("451 4.3.0 local error"))),
        });
        var result = await bench.SendAsync(Emails.To(3));
        Assert.Equal((SendStatus.Transient, ErrorCategory.ProviderUnavailable), (result.Status, result.Category));
        Assert.Equal([1], result.RefusedRecipients);
    }

    [Theory]
    [MemberData(nameof(Pipelining))]
    public async Task A_server_that_says_good_bye_in_the_middle_of_the_recipients_is_understood(bool pipelining)
    {
        await using var bench = new SmtpBench(new() { Pipelining = pipelining, Fault = SmtpFaults.FirstOf(Refuse("550 5.1.1 nobody", "r1@"), Refuse("421 4.3.2 shutting down", "r2@")) });
        var result = await bench.SendAsync(Emails.To(5));
        Assert.Equal((SendStatus.Transient, ErrorCategory.ProviderUnavailable, "421 4.3.2 shutting down"), (result.Status, result.Category, result.Answer));
        Assert.Equal([1], result.RefusedRecipients);
    }

    // The server refuses the recipients after it only because there is no sender.
    [Fact]
    public async Task A_refused_sender_says_nothing_about_the_recipients()
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(SmtpStage.MailFrom, SmtpFault.Reply("451 4.3.0 local error")) });
        var result = await bench.SendAsync(Emails.To(3));
        Assert.Equal((SendStatus.Transient, ErrorCategory.ProviderUnavailable), (result.Status, result.Category));
        Assert.Empty(result.RefusedRecipients);
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

    public static TheoryData<bool> Pipelining => [true, false];

    private static Func<SmtpFaultContext, SmtpFault?> Refuse(string reply, params string[] who) =>
        context => context.Stage == SmtpStage.RcptTo && who.Any(name => context.Command.Contains($"<{name}", StringComparison.OrdinalIgnoreCase))
            ? SmtpFault.Reply(reply)
            : null;
}
