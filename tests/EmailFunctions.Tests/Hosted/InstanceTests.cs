using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;
using EmailFunctions.Tests.Support.Azurite;
using EmailFunctions.Tests.Support.Hosted;

namespace EmailFunctions.Tests.Hosted;

/// <summary>Two instances of the app that share their tenants, store and queues.</summary>
[Collection("Hosted")]
public sealed class InstanceTests(StagedApp staged, AzuriteFixture azurite)
{
    private const int PerMinute = 30;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(60);
    private static readonly string[] Tenants = ["acme", "beta", "gamma"];

    [Theory]
    [InlineData("storagequeue")]
    [InlineData("servicebus")]
    public async Task Limits_hold_over_both_and_nothing_is_sent_twice_or_lost_although_one_is_killed(string queue)
    {
        var each = PerMinute + Proof.Count(PerMinute, 10);
        await using var app = await HostedApp.StartAsync(staged, (await azurite.GetAsync()).ConnectionString, new HostedOptions { Queue = queue, QueueLease = TimeSpan.FromSeconds(10) });
        await app.AddHostAsync();
        foreach (var tenant in Tenants)
            await app.ConfigureAsync(tenant, $",\"rate_limit_per_minute\":{PerMinute},\"on_unknown\":\"hold\"");

        var ids = await SendAllAsync(app, each, app.Hosts[1].KillWorker);
        // What the killed one had in hand is held by its tenants' wish once its claim has run out; until then it is neither sent nor lost.
        await HostedApp.UntilAsync(
            async () => app.Sink.Messages.Count >= (Tenants.Length * each) - 8 && (await StatusesAsync(app, ids)).All(static status => status is "sent" or "sending" or "outcome_unknown"),
            TimeSpan.FromMinutes(4),
            () => $"{app.Sink.Messages.Count} were sent.\n{app.Say()}");

        var statuses = await StatusesAsync(app, ids);
        var unsettled = statuses.Count(static status => status != "sent");
        TestContext.Current.TestOutputHelper!.WriteLine($"{app.Sink.Messages.Count} were sent; the killed instance had {unsettled} in hand.");
        Assert.InRange(app.Sink.Messages.Count, (Tenants.Length * each) - unsettled, Tenants.Length * each);
        Assert.Equal(app.Sink.Messages.Count, app.Sink.Messages.Select(static mail => mail.Header("Message-ID")).Distinct().Count());
        Assert.All(Tenants, tenant => AssertWithinLimit(app.Sink, tenant));
        Assert.All(app.Hosts, static host => Assert.Contains(host.Invocations, static invocation => invocation.Function.StartsWith("DispatchEmail", StringComparison.Ordinal)));
    }

    private static async Task<List<string>> SendAllAsync(HostedApp app, int each, Action midway)
    {
        var ids = new List<string>();
        for (var number = 0; number < each; number++)
        {
            ids.AddRange(await Task.WhenAll(Tenants.Select(tenant => app.SendAsync(tenant, $"{tenant} {number}"))));
            if (number == each / 2)
                midway();
        }

        return ids;
    }

    private static async Task<List<string>> StatusesAsync(HostedApp app, List<string> ids)
    {
        var statuses = new List<string>();
        foreach (var id in ids)
        {
            var message = await app.GetAsync($"/api/v1/email/messages/{id}");
            statuses.Add(message["reason"]?.GetValue<string>() is "outcome_unknown" ? "outcome_unknown" : message["status"]!.GetValue<string>());
        }

        return statuses;
    }

    // By the times at which the server got them: no window of 60 s holds more than the limit.
    private static void AssertWithinLimit(SmtpSink sink, string tenant)
    {
        var times = sink.Messages.Where(mail => mail.Header("Subject")!.StartsWith(tenant, StringComparison.Ordinal)).Select(static mail => mail.ArrivedUtc).Order().ToList();
        for (var index = PerMinute; index < times.Count; index++)
            Assert.True(times[index] - times[index - PerMinute] >= Window, $"{tenant}: {PerMinute + 1} mails in {times[index] - times[index - PerMinute]}.");
    }
}
