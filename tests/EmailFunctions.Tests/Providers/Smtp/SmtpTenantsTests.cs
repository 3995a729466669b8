using System.Globalization;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>Many tenants at one server at the same time.</summary>
public sealed class SmtpTenantsTests
{
    private const int Tenants = 20;
    private const int Places = 4;

    [Fact]
    public async Task Every_tenant_has_its_own_connections_no_more_than_allowed_and_none_stays_idle()
    {
        var users = Enumerable.Range(0, Tenants).Select(static n => string.Create(CultureInfo.InvariantCulture, $"tenant{n}")).ToList();
        await using var bench = new SmtpBench(
            new() { Credentials = Login(users[0]), OtherCredentials = [.. users.Skip(1).Select(Login)] },
            new SmtpOptions { MaxConnections = Places });
        var messages = Proof.Count(5_000, minimum: 500);

        var results = await Task.WhenAll(Enumerable.Range(0, messages).Select(n => SendAsync(bench, users[n % Tenants])));

        Assert.All(results, static result => Assert.Equal(SendStatus.Sent, result.Status));
        Assert.Equal(messages, bench.Sink.Counts.MessagesAccepted);
        // How many of its places a tenant needs is a matter of speed; nobody has more, and none is opened twice.
        var atOnce = bench.Sink.UsersAtOnce;
        Assert.Equal(users.Order(), atOnce.Keys.Order());
        Assert.All(atOnce.Values, static places => Assert.InRange(places, 1, Places));
        Assert.Equal(atOnce.Values.Sum(), bench.Sink.Counts.ConnectionsOpened);
        Assert.All(bench.Sink.Connections, static connection => Assert.Single(connection.Users));
        Assert.All(bench.Sink.Messages, static message => Assert.Equal($"{message.AuthenticatedAs}@acme.example", message.MailFrom));

        bench.Clock.Advance(bench.Options.IdleTime);
        await bench.Sink.WaitForNoConnectionsAsync(SmtpBench.Limit, TestContext.Current.CancellationToken);
    }

    private static Task<SendResult> SendAsync(SmtpBench bench, string tenant) => bench.SendAsync(
        Emails.Account(bench.Settings with { SmtpUsername = tenant }, new ProviderSecrets { SmtpPassword = Login(tenant).Password }, owner: tenant),
        Emails.Small with { FromEmail = $"{tenant}@acme.example" });

    private static SmtpSinkCredentials Login(string user) => new(user, $"secret of {user}");
}
