using System.Text.Json.Nodes;
using EmailFunctions.TestKit.FunctionsHost;
using EmailFunctions.TestKit.ServiceBus;
using EmailFunctions.Tests.Support.Azurite;
using EmailFunctions.Tests.Support.Hosted;

namespace EmailFunctions.Tests.Hosted;

/// <summary>The examples of <c>local.settings.json</c> work as they are, but for the ports that the emulators have here.</summary>
[Collection("Hosted")]
public sealed class LocalSettingsTests(StagedApp staged, AzuriteFixture azurite)
{
    [Theory]
    [InlineData("local.settings.example.json", "FromStorage")]
    [InlineData("local.settings.servicebus.example.json", "")]
    public async Task The_service_starts_with_it_is_healthy_and_has_the_triggers_of_its_queue_alone(string file, string suffix)
    {
        var folder = await staged.GetFolderAsync();
        var values = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, file), TestContext.Current.CancellationToken))!["Values"]!.AsObject();
        var settings = values.ToDictionary(static value => value.Key, static value => value.Value!.GetValue<string>());
        await using var broker = ServiceBusBroker.Start();
        broker.CreateQueue("email-in");
        broker.CreateQueue("email-dispatch");
        settings["AzureWebJobsStorage"] = (await azurite.GetAsync()).ConnectionString;
        if (settings.TryGetValue("ServiceBus", out var bus))
            settings["ServiceBus"] = bus.Replace("localhost", $"127.0.0.1:{broker.Port}", StringComparison.Ordinal);

        await using var host = await FakeFunctionsHost.StartAsync(new FunctionsHostOptions
        {
            ScriptRoot = folder,
            Settings = settings,
            RunTimers = false,
            ServiceBusAddress = new Uri($"amqp://127.0.0.1:{broker.Port}"),
        });
        await host.WaitUntilReadyAsync();

        using var client = new HttpClient { BaseAddress = host.Address };
        using var answer = await client.GetAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken) + string.Join('\n', host.Output));
        Assert.Equal(
            new[] { $"DispatchEmail{suffix}", $"IngestEmail{suffix}", $"RecoverDispatch{suffix}", $"RecoverIngest{suffix}" },
            host.Functions.Where(static name => name.StartsWith("Dispatch", StringComparison.Ordinal) || name.StartsWith("Ingest", StringComparison.Ordinal) || name.StartsWith("Recover", StringComparison.Ordinal)).Order());
    }
}
