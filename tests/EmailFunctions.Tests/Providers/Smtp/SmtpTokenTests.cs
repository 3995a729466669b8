using System.Net;
using System.Text;
using EmailFunctions.Providers;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;
using static EmailFunctions.Providers.ErrorCategory;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>Accounts that are opened by an access token: where it comes from, how long it is kept, and what its loss means.</summary>
public sealed class SmtpTokenTests
{
    private const string User = "mailer@acme.example";

    private static readonly ProviderSecrets Refresh = new() { SmtpOAuthClientSecret = "s3cret&=", SmtpOAuthRefreshToken = "refresh me" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_refresh_token_opens_the_server()
    {
        await using var issuer = TokenIssuer.Start();
        await using var bench = Bench(static token => token == "token-1");
        Assert.Equal(Sent, (await bench.SendAsync(Account(bench, issuer))).Status);
        Assert.Equal(User, Assert.Single(bench.Sink.Messages).AuthenticatedAs);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["grant_type"] = "refresh_token",
                ["refresh_token"] = "refresh me",
                ["client_id"] = "client",
                ["client_secret"] = "s3cret&=",
                ["scope"] = "https://mail.example/send",
            },
            Assert.Single(issuer.Requests));
    }

    [Fact]
    public async Task Without_a_refresh_token_the_client_itself_is_let_in()
    {
        await using var issuer = TokenIssuer.Start();
        await using var bench = Bench(static _ => true);
        var account = Account(bench, issuer, new ProviderSecrets { SmtpOAuthClientSecret = "secret" });
        Assert.Equal(Sent, (await bench.SendAsync(account with { Settings = account.Settings with { SmtpOAuthScope = null } })).Status);
        Assert.Equal(
            new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = "client", ["client_secret"] = "secret" },
            Assert.Single(issuer.Requests));
    }

    [Fact]
    public async Task Many_messages_at_once_fetch_one_token()
    {
        await using var issuer = TokenIssuer.Start();
        await using var bench = Bench(static _ => true);
        var account = Account(bench, issuer);
        var results = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => bench.SendAsync(account)));
        Assert.All(results, static result => Assert.Equal(Sent, result.Status));
        Assert.Single(issuer.Requests);
    }

    [Fact]
    public async Task A_token_is_kept_until_shortly_before_it_ends()
    {
        await using var issuer = TokenIssuer.Start();
        await using var bench = Bench(static _ => true);
        var account = Account(bench, issuer);
        await bench.ProbeAsync(account.Settings, account.Secrets);
        bench.Clock.Advance(TimeSpan.FromMinutes(58));
        await bench.ProbeAsync(account.Settings, account.Secrets);
        Assert.Single(issuer.Requests);
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        await bench.ProbeAsync(account.Settings, account.Secrets);
        Assert.Equal(2, issuer.Requests.Count);
    }

    [Fact]
    public async Task A_kept_token_that_was_revoked_is_replaced_and_the_message_goes_out()
    {
        var revoked = "";
        await using var issuer = TokenIssuer.Start();
        await using var bench = Bench(token => token != revoked);
        var account = Account(bench, issuer);
        Assert.Equal(Sent, (await bench.SendAsync(account)).Status);
        revoked = "token-1";
        bench.Sink.DropAllConnections();
        await bench.Sink.WaitForNoConnectionsAsync(SmtpBench.Limit, Token);
        Assert.Equal(Sent, (await bench.SendAsync(account)).Status);
        Assert.Equal(2, issuer.Requests.Count);
    }

    [Fact]
    public async Task A_new_token_that_the_server_refuses_is_an_auth_failure_and_not_kept()
    {
        await using var issuer = TokenIssuer.Start();
        await using var bench = Bench(static _ => false);
        var account = Account(bench, issuer);
        var result = await bench.SendAsync(account);
        Assert.Equal((Misconfigured, Auth, "535 5.7.8 wrong user or password"), (result.Status, result.Category, result.Answer));
        Assert.Single(issuer.Requests);
        await bench.SendAsync(account);
        Assert.Equal(2, issuer.Requests.Count);
    }

    [Fact]
    public async Task Two_owners_never_share_a_token()
    {
        await using var issuer = TokenIssuer.Start();
        await using var bench = Bench(static _ => true);
        foreach (var owner in new[] { "acme", "globex", "acme" })
            await bench.SendAsync(Account(bench, issuer) with { Owner = Emails.Tenant(owner) });
        Assert.Equal(2, issuer.Requests.Count);
    }

    /// <summary>What an issuer can answer, and what it means.</summary>
    public static TheoryData<HttpStatusCode, string, SendStatus, ErrorCategory, string> Answers => new()
    {
        { HttpStatusCode.BadRequest, """{"error":"invalid_grant","error_description":"jane@acme.example: refresh me"}""", Misconfigured, Auth, "The token endpoint answered 400 invalid_grant." },
        { HttpStatusCode.Unauthorized, """{"error":"invalid client: s3cret"}""", Misconfigured, Auth, "The token endpoint answered 401." },
        { HttpStatusCode.NotFound, "<html>", Misconfigured, Auth, "The token endpoint answered 404." },
        { HttpStatusCode.RequestTimeout, "", Transient, ProviderUnavailable, "The token endpoint answered 408." },
        { HttpStatusCode.TooManyRequests, "", Transient, ProviderUnavailable, "The token endpoint answered 429." },
        { HttpStatusCode.BadGateway, "", Transient, ProviderUnavailable, "The token endpoint answered 502." },
        { HttpStatusCode.OK, "{}", Transient, ProviderUnavailable, "The token endpoint answered 200." },
        { HttpStatusCode.OK, "no JSON", Transient, ProviderUnavailable, "The token endpoint answered 200." },
        { HttpStatusCode.Redirect, "", Transient, ProviderUnavailable, "The token endpoint answered 302." },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task An_issuer_without_a_token_is_understood_and_no_secret_shows(HttpStatusCode status, string body, SendStatus expected, ErrorCategory category, string answer)
    {
        await using var issuer = TokenIssuer.Start();
        issuer.Answer = (status, body);
        await using var bench = Bench(static _ => true);
        var account = Account(bench, issuer);
        var result = await bench.SendAsync(account);
        Assert.Equal((expected, category, answer), (result.Status, result.Category, result.Answer));
        var probe = await bench.ProbeAsync(account.Settings, account.Secrets);
        Assert.Equal((false, category, answer), (probe.IsHealthy, probe.Category, probe.Answer));
        Assert.Equal(0, bench.Sink.Counts.ConnectionsOpened);
    }

    [Fact]
    public async Task An_issuer_whose_answer_has_no_end_is_not_read_to_the_end()
    {
        await using var issuer = TokenIssuer.Start();
        issuer.Answer = (HttpStatusCode.OK, new string(' ', 1_000_000));
        await using var bench = Bench(static _ => true);
        var result = await bench.SendAsync(Account(bench, issuer));
        Assert.Equal((Transient, ProviderUnavailable, "The token endpoint did not answer."), (result.Status, result.Category, result.Answer));
    }

    [Fact]
    public async Task An_issuer_that_hangs_times_out()
    {
        await using var issuer = TokenIssuer.Start();
        issuer.Hold = new TaskCompletionSource();
        await using var bench = Bench(static _ => true);
        var sending = bench.SendAsync(Account(bench, issuer));
        await issuer.Arrived.WaitAsync(SmtpBench.Limit, Token);
        bench.Clock.Advance(bench.Options.TokenTimeout);
        var result = await sending;
        Assert.Equal((Transient, ProviderUnavailable), (result.Status, result.Category));
        issuer.Hold.SetResult();
    }

    [Fact]
    public async Task An_issuer_that_is_gone_is_a_provider_that_is_unavailable()
    {
        await using var bench = Bench(static _ => true);
        var issuer = TokenIssuer.Start();
        var account = Account(bench, issuer);
        await issuer.DisposeAsync();
        var result = await bench.SendAsync(account);
        Assert.Equal((Transient, ProviderUnavailable), (result.Status, result.Category));
    }

    // A password goes by the ways that take one, whatever else is offered.
    [Fact]
    public async Task A_password_is_never_taken_for_a_token()
    {
        await using var bench = new SmtpBench(new() { Credentials = new(User, "password"), AcceptsToken = static (_, _) => false });
        var account = Emails.Account(bench.Settings with { SmtpUsername = User }, new ProviderSecrets { SmtpPassword = "password" });
        Assert.Equal(Sent, (await bench.SendAsync(account)).Status);
    }

    /// <summary>The result of a message for which the issuer answers so.</summary>
    internal static async Task<SendResult> SendAsync(HttpStatusCode status)
    {
        await using var issuer = TokenIssuer.Start();
        issuer.Answer = (status, "");
        await using var bench = Bench(static _ => true);
        return await bench.SendAsync(Account(bench, issuer));
    }

    private static SmtpBench Bench(Func<string, bool> accepts) => new(new() { AcceptsToken = (user, token) => user == User && accepts(token) });

    private static ProviderAccount Account(SmtpBench bench, TokenIssuer issuer, ProviderSecrets? secrets = null) => Emails.Account(
        bench.Settings with
        {
            SmtpUsername = User,
            SmtpOAuthTokenUrl = issuer.Url,
            SmtpOAuthClientId = "client",
            SmtpOAuthScope = "https://mail.example/send",
        },
        secrets ?? Refresh);
}
