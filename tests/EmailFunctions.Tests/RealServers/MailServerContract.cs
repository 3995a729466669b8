using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using EmailFunctions.Messages;
using EmailFunctions.Outbound;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.Tests.Providers;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using static EmailFunctions.Providers.SendStatus;

namespace EmailFunctions.Tests.RealServers;

/// <summary>What mail servers do that were not written for these tests: nothing is lost, and nothing arrives twice.</summary>
public abstract class MailServerContract : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly StepClock _clock = new();
    private ServiceProvider? _services;
    private SmtpPools? _pools;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected abstract IRealMailServer Server { get; }

    [Fact]
    public async Task Mail_goes_encrypted_and_with_a_login()
    {
        var account = Account(Server.StartTlsPort) with { Secrets = new ProviderSecrets { SmtpPassword = Server.Password } };
        account = account with { Settings = account.Settings with { SmtpUseTls = true, SmtpUsername = Server.Username } };
        Assert.Equal(ProbeResult.Healthy, await Provider().ProbeAsync(account, Token));
        Assert.Equal(Sent, (await SendAsync(account, Names("tls"))).Status);
        await AssertArrivedOnceAsync("tls");

        var wrong = await SendAsync(account with { Version = "2", Secrets = new ProviderSecrets { SmtpPassword = "wrong" } }, Names("wrong"));
        Assert.Equal((Misconfigured, ErrorCategory.Auth), (wrong.Status, wrong.Category));
        var none = await SendAsync(account with { Version = "3", Settings = account.Settings with { SmtpUsername = null } }, Names("none"));
        Assert.Equal(Misconfigured, none.Status);
    }

    [Fact]
    public async Task Recipients_in_the_middle_of_the_list_are_refused_or_put_off_and_the_others_get_it()
    {
        var result = await SendAsync(Account(Server.PlainPort), Names("before", "refused", "between", "deferred", "after"));
        Assert.Equal(Sent, result.Status);
        Assert.Equal([1], result.RefusedRecipients);
        Assert.Equal([3], result.DeferredRecipients);
        await AssertArrivedOnceAsync("before", "between", "after");
    }

    [Fact]
    public async Task Recipients_of_whom_none_is_taken_are_told_apart()
    {
        var result = await SendAsync(Account(Server.PlainPort), Names("refused", "deferred"));
        Assert.Equal((Transient, ErrorCategory.Recipient), (result.Status, result.Category));
        Assert.Equal([0], result.RefusedRecipients);
    }

    [Fact]
    public async Task Mail_for_elsewhere_is_a_mistake_in_the_configuration()
    {
        var result = await SendAsync(Account(Server.PlainPort), Emails.Small);
        Assert.Equal((Misconfigured, ErrorCategory.Config), (result.Status, result.Category));
    }

    [Fact]
    public async Task Greylisted_mail_is_put_off_once()
    {
        var account = Account(Server.GreyPort);
        var first = await SendAsync(account, Names("grey"));
        Assert.Equal((Transient, ErrorCategory.Recipient), (first.Status, first.Category));
        Assert.Equal(Sent, (await SendAsync(account, Names("grey"))).Status);
        await AssertArrivedOnceAsync("grey");
    }

    [Fact]
    public async Task A_message_that_is_too_large_is_not_sent_and_the_limit_is_known()
    {
        var account = Account(Server.SmallPort);
        Assert.Equal(Sent, (await SendAsync(account, Names("small"))).Status);
        Assert.Equal(IRealMailServer.SmallBytes, Provider().MaxEncodedBytes(account.Settings));
        var result = await SendAsync(account, Names("large") with { Text = new string('x', IRealMailServer.SmallBytes) });
        Assert.Equal((Permanent, ErrorCategory.Content), (result.Status, result.Category));
        Assert.Contains(IRealMailServer.SmallBytes.ToString(CultureInfo.InvariantCulture), result.Answer, StringComparison.Ordinal);
        await AssertArrivedOnceAsync("small");
    }

    [Fact]
    public async Task Messages_share_the_few_connections_that_the_server_takes()
    {
        const int Messages = 40;
        var account = Account(Server.FewPort);
        var results = await Task.WhenAll(Enumerable.Range(0, Messages).Select(n => SendAsync(account, Names(Name("few", n)))));
        Assert.All(results, static result => Assert.True(result.Status == Sent, result.ToString()));
        await AssertArrivedOnceAsync([.. Enumerable.Range(0, Messages).Select(static n => Name("few", n))]);
    }

    [Fact]
    public async Task A_server_that_is_killed_in_the_middle_of_the_content_has_not_taken_it()
    {
        var account = Account(Server.PlainPort);
        var content = Names("cut");
        var result = await SendAsync(account, content with { Attachments = [new("large.bin", "application/octet-stream", null, new InterruptedFile(30_000_000, () => Server.KillSessions(Server.PlainPort)))] });
        Assert.Equal((Transient, ErrorCategory.Network), (result.Status, result.Category));
        Assert.Equal(Sent, (await SendAsync(account, content)).Status);
        await AssertArrivedOnceAsync("cut");
    }

    // The one window in which nobody knows. This server has not taken it.
    [Fact]
    public async Task A_server_that_is_killed_between_the_content_and_its_answer_leaves_the_outcome_unknown()
    {
        var sending = SendAsync(Account(Server.SlowPort), Names("slow"));
        // Once when all of the content was written, and once when its end was.
        await _clock.WaitForTimerAsync(new SmtpOptions().AnswerTimeout, times: 2);
        Server.KillSessions(Server.SlowPort);
        var result = await sending;
        Assert.Equal((Unknown, ErrorCategory.Network), (result.Status, result.Category));
        Assert.Equal(Sent, (await SendAsync(Account(Server.PlainPort), Names("slow"))).Status);
        await AssertArrivedOnceAsync("slow");
    }

    [Fact]
    public async Task The_whole_service_brings_each_message_once_through_greylisting_and_refusals()
    {
        const int Messages = 20;
        await using var service = ServiceHost.Start();
        var config = new JsonObject { ["provider_type"] = "smtp", ["smtp_host"] = "127.0.0.1", ["smtp_port"] = Server.GreyPort, ["smtp_use_tls"] = false, ["from_email"] = "hello@example.test" };
        using var saved = await service.SendAsync(HttpMethod.Post, "/api/v1/email/configs/acme", config.ToJsonString());
        Assert.True(saved.IsSuccessStatusCode, await saved.Content.ReadAsStringAsync(Token));

        var ids = await Task.WhenAll(Enumerable.Range(0, Messages).Select(n => service.AcceptAsync(Json(Name("to", n), "refused", Name("cc", n)))));
        var messages = new List<JsonObject>();
        foreach (var id in ids)
            messages.Add(await service.WaitForAsync(id, "sent", "failed", "dead_lettered"));

        Assert.All(messages, static message => Assert.Equal("sent", message["status"]!.GetValue<string>()));
        await AssertArrivedOnceAsync([.. Enumerable.Range(0, Messages).SelectMany(static n => new[] { Name("to", n), Name("cc", n) })]);
    }

    public async ValueTask DisposeAsync()
    {
        _pools?.Dispose();
        if (_services is not null)
            await _services.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected static IRealMailServer Require(IRealMailServer? server, string? why)
    {
        Assert.SkipWhen(server is null, why ?? "");
        return server!;
    }

    private SmtpProvider Provider()
    {
        var options = new SmtpOptions { ExtraAuthorities = [Server.Certificate] };
        _services ??= new ServiceCollection().AddSingleton<TimeProvider>(_clock).AddOutbound(OutboundRules.Desk).AddProviderClients(new HttpProviderOptions()).BuildServiceProvider();
        _pools ??= new SmtpPools(options, _services.GetRequiredService<OutboundGuard>(), _services.GetRequiredService<IHttpClientFactory>(), _clock);
        return new SmtpProvider(_pools, options, _clock);
    }

    private Task<SendResult> SendAsync(ProviderAccount account, EmailContent content) => Provider().SendAsync(Emails.Outgoing(content), account, Token);

    private static ProviderAccount Account(int port) => Emails.Account(
        new ProviderSettings { Type = ProviderType.Smtp, SmtpHost = "127.0.0.1", SmtpPort = port, FromEmail = "hello@example.test" },
        version: port.ToString(CultureInfo.InvariantCulture));

    private static EmailContent Names(params string[] names) => Emails.Small with { To = [.. names.Select(static name => $"{name}@{PostfixServer.Domain}")] };

    private static string Name(string name, int number) => string.Create(CultureInfo.InvariantCulture, $"{name}.{number}");

    private static string Json(params string[] names) => new JsonObject
    {
        ["tenant_id"] = "acme",
        ["to"] = new JsonArray([.. names.Select(static name => (JsonNode)$"{name}@{PostfixServer.Domain}")]),
        ["subject"] = "Hello",
        ["body"] = "Hello.",
    }.ToJsonString(JsonSerializerOptions.Web);

    private async Task AssertArrivedOnceAsync(params string[] names)
    {
        foreach (var name in names)
            await Server.WaitForMailAsync(name, 1, Patience, Token);
        // By now those who came first have had time for a second one.
        foreach (var name in names)
            Assert.Single(await Server.WaitForMailAsync(name, 1, Patience, Token));
    }
}
