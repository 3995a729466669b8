using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;
using EmailFunctions.Tests.Support.Azurite;
using EmailFunctions.Tests.Support.Hosted;

namespace EmailFunctions.Tests.Hosted;

/// <summary>The table service is out of reach while mail is being accepted and sent.</summary>
public sealed class OutageTests(StagedApp staged, AzuriteFixture azurite)
{
    private const int Backlog = 200;
    private const int Produced = 100;

    private const string Body = """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Mail #","body":"b"}""";

    [Fact]
    public async Task An_outage_of_five_minutes_loses_nothing_and_leaves_nothing_behind()
    {
        var outage = TimeSpan.FromSeconds(Proof.Count(300, 10));
        await using var app = await HostedApp.StartAsync(
            staged,
            (await azurite.GetOtherAsync()).ConnectionString,
            new HostedOptions { RunTimers = true, Settings = new Dictionary<string, string> { ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "0" } });
        await app.ConfigureAsync("acme");
        // Answers that get lost leave claims in doubt, which takes their lifetime of five minutes to clear.
        app.Tables.LosesAnswers = Proof.Scale >= 1;

        var (accepted, refused) = await LoadAsync(app, outage);

        Assert.True(accepted.Count > Backlog + 20 && refused > 0, $"{accepted.Count} were accepted, {refused} refused.");
        var open = accepted.ToHashSet();
        await HostedApp.UntilAsync(
            async () =>
            {
                foreach (var id in open.ToList())
                {
                    if ((await app.GetAsync($"/api/v1/email/messages/{id}"))["status"]!.GetValue<string>() == "sent")
                        open.Remove(id);
                }

                return open.Count == 0;
            },
            TimeSpan.FromMinutes(8),
            () => $"{open.Count} of {accepted.Count} are not sent.\n{app.Say()}");
        await HostedApp.UntilAsync(() => Task.FromResult(app.Broker!.Queue("email-dispatch").Messages.Count == 0), TimeSpan.FromMinutes(2), app.Say);
        Assert.Empty(app.Broker!.Queue("email-dispatch").DeadLetterQueue!.Messages);
        await HostedApp.UntilAsync(() => Task.FromResult(app.Broker!.Queue("email-in").Messages.Count == 0), TimeSpan.FromMinutes(3), app.Say);
        await HostedApp.UntilAsync(() => Task.FromResult(CountMails(app) == accepted.Count + Produced), TimeSpan.FromMinutes(3), () => $"{CountMails(app)} of {accepted.Count} + {Produced} mails came.\n{app.Say()}");
        Assert.Empty(app.Broker!.Queue("email-in").DeadLetterQueue!.Messages);
        Assert.Empty(await app.DeadLettersAsync());
        var subjects = CountMails(app);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{accepted.Count} accepted, {refused} refused, {app.Sink.Messages.Count - subjects} sent twice; most deliveries of a copy: {app.Host.Invocations.Max(static invocation => invocation.DeliveryCount)}.");
    }

    private static int CountMails(HostedApp app) => app.Sink.Messages.Select(static mail => mail.Header("Message-ID")).Distinct().Count();

    private static async Task<List<string>> SendBacklogAsync(HostedApp app)
    {
        var messages = string.Join(',', Enumerable.Range(0, Backlog).Select(static number => Body.Replace("#", $"B{number}", StringComparison.Ordinal)));
        using var answer = await app.PostAsync("/api/v1/email/send/batch", $$"""{"messages":[{{messages}}]}""");
        var results = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["results"]!.AsArray();
        return [.. results.Select(static result => result!["message_id"]!.GetValue<string>())];
    }

    // A mail every 50 ms: for a while, through the outage, and for a while after it.
    private static async Task<(IReadOnlyCollection<string> Accepted, int Refused)> LoadAsync(HostedApp app, TimeSpan outage)
    {
        var accepted = new ConcurrentQueue<string>();
        var refused = 0;
        using var stop = new CancellationTokenSource();
        var load = Task.Run(
            async () =>
            {
                for (var number = 0; !stop.IsCancellationRequested; number++)
                {
                    using var answer = await app.PostAsync("/api/v1/email/send", Body.Replace("#", $"{number}", StringComparison.Ordinal));
                    if (answer.StatusCode == HttpStatusCode.Accepted)
                        accepted.Enqueue(JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["message_id"]!.GetValue<string>());
                    else
                        refused++;
                    await Task.Delay(50, TestContext.Current.CancellationToken);
                }
            },
            TestContext.Current.CancellationToken);
        await HostedApp.UntilAsync(() => Task.FromResult(app.Sink.Messages.Count > 10), TimeSpan.FromMinutes(1), app.Say);
        (await SendBacklogAsync(app)).ForEach(accepted.Enqueue);
        app.Tables.IsDown = true;
        for (var number = 0; number < Produced; number++)
            await app.ProduceAsync(Body.Replace("#", $"P{number}", StringComparison.Ordinal));
        await Task.Delay(outage, TestContext.Current.CancellationToken);
        app.Tables.IsDown = false;
        var (mails, acceptances) = (app.Sink.Messages.Count, accepted.Count);
        // What comes now may all be of the backlog.
        await HostedApp.UntilAsync(() => Task.FromResult(app.Sink.Messages.Count > mails + 20 && accepted.Count > acceptances + 20), TimeSpan.FromMinutes(2), app.Say);
        await stop.CancelAsync();
        await load;
        return (accepted, refused);
    }
}
