using EmailFunctions.TestKit.FunctionsHost;
using EmailFunctions.Tests.Support.Azurite;
using EmailFunctions.Tests.Support.Hosted;

namespace EmailFunctions.Tests.Hosted;

/// <summary>The whole way of a mail through the published service under the host.</summary>
[Collection("Hosted")]
public sealed class JourneyTests(StagedApp staged, AzuriteFixture azurite)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("servicebus", HttpMode.Proxying)]
    [InlineData("servicebus", HttpMode.Forwarding)]
    [InlineData("storagequeue", HttpMode.Proxying)]
    public async Task A_tenant_is_configured_and_its_mail_accepted_dispatched_sent_and_counted(string queue, HttpMode mode)
    {
        await using var app = await HostedApp.StartAsync(staged, (await azurite.GetAsync()).ConnectionString, new HostedOptions { Queue = queue, HttpMode = mode });
        await app.ConfigureAsync("acme");

        var id = await app.SendAsync("acme", "Over the queue");

        await app.Sink.WaitForCountAsync(1, Patience, TestContext.Current.CancellationToken);
        await HostedApp.UntilAsync(async () => (await app.GetAsync($"/api/v1/email/messages/{id}"))["status"]!.GetValue<string>() == "sent", Patience, app.Say);
        Assert.Equal("Over the queue", Assert.Single(app.Sink.Messages).Header("Subject"));
        var usage = await app.GetAsync("/api/v1/email/configs/acme/usage");
        Assert.Equal((1, 1), (usage["total_emails"]!.GetValue<int>(), usage["successful_emails"]!.GetValue<int>()));
        Assert.Single((await app.GetAsync("/api/v1/email/configs/acme/audit-logs"))["logs"]!.AsArray());
        await AssertFoundByProducersNameAsync(app);
        Assert.All(app.Host.Invocations, static invocation => Assert.True(invocation.Succeeded, invocation.Problem));
        Assert.Single(app.Host.WorkerEvents);
    }

    // A slash in the name, which hosts escape in different ways.
    private static async Task AssertFoundByProducersNameAsync(HostedApp app)
    {
        const string Name = "order 7/é";
        await app.ProduceAsync($$"""{"tenant_id":"acme","message_id":"{{Name}}","to":["zoe@example.com"],"subject":"Produced","body":"b"}""");
        await app.Sink.WaitForCountAsync(2, Patience, TestContext.Current.CancellationToken);

        var view = await app.GetAsync($"/api/v1/email/messages/{Uri.EscapeDataString(Name)}?tenant_id=acme");

        Assert.Equal("acme", view["tenant_id"]!.GetValue<string>());
    }
}
