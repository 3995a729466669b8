using MailKit;
using MailKit.Security;

namespace EmailFunctions.TestKit.Tests;

public sealed class AuthenticationTests
{
    private static readonly SmtpSinkOptions Options = new() { Credentials = new("user", "secret") };

    [Theory]
    [InlineData("PLAIN")]
    [InlineData("LOGIN")]
    public async Task The_given_user_is_let_in(string mechanism)
    {
        await using var sink = SmtpSink.Start(Options);
        using var client = await Mail.ConnectAsync(sink);
        await client.AuthenticateAsync(Mechanism(mechanism, "secret"), Mail.Token);
        await client.SendAsync(Mail.Message(), Mail.Token);
        Assert.Equal("user", Assert.Single(sink.Messages).AuthenticatedAs);
    }

    [Theory]
    [InlineData("PLAIN")]
    [InlineData("LOGIN")]
    public async Task A_wrong_password_is_refused(string mechanism)
    {
        await using var sink = SmtpSink.Start(Options);
        using var client = await Mail.ConnectAsync(sink);
        var error = await Assert.ThrowsAsync<AuthenticationException>(
            () => client.AuthenticateAsync(Mechanism(mechanism, "wrong"), Mail.Token));
        Assert.Contains("5.7.8", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("good", true)]
    [InlineData("bad", false)]
    public async Task A_token_decides_who_is_let_in(string token, bool isLetIn)
    {
        await using var sink = SmtpSink.Start(new() { AcceptsToken = (user, given) => (user, given) == ("user", "good") });
        using var client = await Mail.ConnectAsync(sink);
        var authenticating = client.AuthenticateAsync(new SaslMechanismOAuth2("user", token), Mail.Token);
        if (!isLetIn)
        {
            Assert.Contains("5.7.8", (await Assert.ThrowsAsync<AuthenticationException>(() => authenticating)).Message, StringComparison.Ordinal);
            return;
        }

        await authenticating;
        await client.SendAsync(Mail.Message(), Mail.Token);
        Assert.Equal("user", Assert.Single(sink.Messages).AuthenticatedAs);
    }

    [Fact]
    public async Task Users_and_their_connections_are_told_apart()
    {
        await using var sink = SmtpSink.Start(Options with { OtherCredentials = [new("other", "secret too")] });
        using (var client = await Mail.ConnectAsync(sink))
        using (var second = await Mail.ConnectAsync(sink))
        {
            await client.AuthenticateAsync("user", "secret", Mail.Token);
            await second.AuthenticateAsync("user", "secret", Mail.Token);
        }

        await sink.WaitForNoConnectionsAsync(Mail.Limit, Mail.Token);
        using var other = await Mail.ConnectAsync(sink);
        await other.AuthenticateAsync("other", "secret too", Mail.Token);
        Assert.Equal(new Dictionary<string, int> { ["user"] = 2, ["other"] = 1 }, sink.UsersAtOnce);
        Assert.Equal(["user", "user", "other"], sink.Connections.Select(connection => Assert.Single(connection.Users)));
        Assert.Equal(3, sink.Connections.Select(connection => connection.ClientPort).Distinct().Count());
    }

    [Fact]
    public async Task Mail_before_auth_is_refused()
    {
        await using var sink = SmtpSink.Start(Options);
        using var client = await Mail.ConnectAsync(sink);
        await Assert.ThrowsAsync<ServiceNotAuthenticatedException>(() => client.SendAsync(Mail.Message(), Mail.Token));
        Assert.Empty(sink.Messages);
    }

    [Fact]
    public async Task A_scripted_auth_failure_is_given()
    {
        await using var sink = SmtpSink.Start(Options with
        {
            Fault = SmtpFaults.First(1, SmtpStage.Auth, SmtpFault.Reply("454 4.7.0 temporary")),
        });
        using var client = await Mail.ConnectAsync(sink);
        var error = await Assert.ThrowsAsync<AuthenticationException>(
            () => client.AuthenticateAsync(Mechanism("PLAIN", "secret"), Mail.Token));
        Assert.Contains("454: 4.7.0 temporary", error.Message, StringComparison.Ordinal);
        await client.AuthenticateAsync(Mechanism("PLAIN", "secret"), Mail.Token);
    }

    private static SaslMechanism Mechanism(string name, string password) => name == "PLAIN"
        ? new SaslMechanismPlain("user", password)
        : new SaslMechanismLogin("user", password);
}
