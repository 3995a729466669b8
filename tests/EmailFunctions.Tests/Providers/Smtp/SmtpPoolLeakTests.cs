using EmailFunctions.Providers;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>However a message fails, it gives its place in the pool back.</summary>
public sealed class SmtpPoolLeakTests
{
    private const int Failures = 200;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Ways to fail: where, and with which reply; none: the connection is closed.</summary>
    public static TheoryData<SmtpStage, string?> Ways
    {
        get
        {
            var data = new TheoryData<SmtpStage, string?>();
            foreach (var stage in Enum.GetValues<SmtpStage>().Where(static stage => stage != SmtpStage.StartTls))
            {
                data.Add(stage, null);
                data.Add(stage, "421 4.3.2 going down");
                data.Add(stage, "554 5.0.0 no");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task After_two_hundred_failures_a_message_still_finds_a_place(SmtpStage stage, string? reply)
    {
        var fault = reply is null ? SmtpFault.Close() : SmtpFault.Reply(reply);
        await using var bench = new SmtpBench(
            new() { Credentials = new("user", "secret"), Fault = SmtpFaults.Always(stage, fault) }, new SmtpOptions { MaxConnections = 2 });
        var account = Emails.Account(bench.Settings with { SmtpUsername = "user" }, new ProviderSecrets { SmtpPassword = "secret" });
        var results = await Task.WhenAll(Enumerable.Range(0, Failures).Select(_ => bench.SendAsync(account)));
        Assert.DoesNotContain(results, static result => result.Status == SendStatus.Sent);
        bench.Sink.Fault = null;
        await AssertSendsAsync(bench, account);
    }

    [Fact]
    public async Task After_two_hundred_cancelled_messages_a_message_still_finds_a_place()
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(
            new() { Fault = SmtpFaults.Always(SmtpStage.MailFrom, SmtpFault.Hang(hold)) }, new SmtpOptions { MaxConnections = 2 });
        var account = Emails.Account(bench.Settings);
        using var cancelling = new CancellationTokenSource();
        var sending = Enumerable.Range(0, Failures).Select(_ => bench.Provider.SendAsync(Emails.Outgoing(), account, cancelling.Token)).ToList();
        await hold.WaitForArrivalsAsync(2, SmtpBench.Limit, Token);
        await cancelling.CancelAsync();
        foreach (var task in sending)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        bench.Sink.Fault = null;
        await AssertSendsAsync(bench, account);
    }

    [Fact]
    public async Task After_timeouts_a_message_still_finds_a_place()
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(
            new() { Fault = SmtpFaults.Always(SmtpStage.Connect, SmtpFault.Hang(hold)) }, new SmtpOptions { MaxConnections = 2 });
        var account = Emails.Account(bench.Settings);
        for (var round = 1; round <= 3; round++)
        {
            var sending = new[] { bench.SendAsync(account), bench.SendAsync(account) };
            await hold.WaitForArrivalsAsync(2 * round, SmtpBench.Limit, Token);
            bench.Clock.Advance(bench.Options.GreetingTimeout);
            Assert.All(await Task.WhenAll(sending), static result => Assert.Equal(ErrorCategory.Timeout, result.Category));
        }

        bench.Sink.Fault = null;
        await AssertSendsAsync(bench, account);
    }

    // As many at once as there are places, each of them held: one lost place would hang this.
    private static async Task AssertSendsAsync(SmtpBench bench, ProviderAccount account)
    {
        var hold = new SmtpHold();
        bench.Sink.Fault = SmtpFaults.First(2, SmtpStage.MailFrom, SmtpFault.Hang(hold));
        var sending = new[] { bench.SendAsync(account), bench.SendAsync(account) };
        await hold.WaitForArrivalsAsync(2, SmtpBench.Limit, Token);
        hold.Release();
        Assert.All(await Task.WhenAll(sending), static result => Assert.Equal(SendStatus.Sent, result.Status));
    }
}
