using EmailFunctions.Providers;
using EmailFunctions.TestKit;
using static EmailFunctions.Providers.ErrorCategory;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Tests.Providers.Smtp;

public sealed class SmtpAuthTests
{
    private static readonly SmtpSinkCredentials Credentials = new("jürgen", "pass wörd");

    [Fact]
    public async Task The_right_password_opens()
    {
        await using var bench = new SmtpBench(new() { Credentials = Credentials });
        Assert.Equal(Sent, (await bench.SendAsync(Account(bench, Credentials.Password))).Status);
        Assert.Equal(Credentials.UserName, Assert.Single(bench.Sink.Messages).AuthenticatedAs);
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData(null)]
    public async Task A_wrong_password_does_not_open_and_shows_in_the_probe(string? password)
    {
        await using var bench = new SmtpBench(new() { Credentials = Credentials });
        var account = Account(bench, password);
        var result = await bench.SendAsync(account);
        Assert.Equal((Misconfigured, Auth), (result.Status, result.Category));
        var probe = await bench.ProbeAsync(account.Settings, account.Secrets);
        Assert.Equal((false, Auth), (probe.IsHealthy, probe.Category));
        Assert.Empty(bench.Sink.Messages);
    }

    [Theory]
    [InlineData("250 sink")]
    [InlineData("250-sink\r\n250 AUTH GSSAPI")]
    public async Task A_server_without_a_mechanism_for_the_account_is_a_mistake_in_the_configuration(string ehlo)
    {
        await using var bench = new SmtpBench(new() { Fault = SmtpFaults.Always(SmtpStage.Ehlo, SmtpFault.Reply(ehlo)) });
        var result = await bench.SendAsync(Account(bench, Credentials.Password));
        Assert.Equal((Misconfigured, Config), (result.Status, result.Category));
    }

    [Fact]
    public async Task An_account_without_a_user_is_told_that_the_server_wants_one()
    {
        await using var bench = new SmtpBench(new() { Credentials = Credentials });
        var result = await bench.SendAsync();
        Assert.Equal((Misconfigured, Auth, "530 5.7.0 authentication required"), (result.Status, result.Category, result.Answer));
    }

    private static ProviderAccount Account(SmtpBench bench, string? password) =>
        Emails.Account(bench.Settings with { SmtpUsername = Credentials.UserName }, new ProviderSecrets { SmtpPassword = password });
}
