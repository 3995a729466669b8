using System.Diagnostics;
using System.Text.Json.Nodes;
using Azure.Storage.Queues;
using EmailFunctions.TestKit.FunctionsHost;
using EmailFunctions.Tests.Support.Azurite;
using Microsoft.AspNetCore.Http;
using Newtonsoft.Json.Linq;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

public sealed class StorageQueueTriggerTests(AzuriteFixture azurite)
{
    private readonly string _name = $"mail-{Guid.NewGuid():N}";

    [Fact]
    public async Task A_message_arrives_with_its_metadata_in_the_hosts_encoding_and_is_deleted()
    {
        var handler = Host.Handler();
        using var folder = Folder().AddQueue("Dispatch", _name, """, "dataType": "binary" """);
        await using var host = await StartAsync(folder, handler);
        await SendAsync("""{"Id":"forged"}""");
        await Host.UntilAsync(() => host.OperationsOf(_name).Completes == 1, "the delete");
        Assert.Equal(0, await CountAsync(_name));
        var body = JObject.Parse(handler.Only.Body);
        Assert.Equal(Convert.ToBase64String("""{"Id":"forged"}"""u8), (string)body["Data"]!["msg"]!);
        var metadata = (JObject)body["Metadata"]!;
        Assert.Equal(["DequeueCount", "ExpirationTime", "Id", "InsertionTime", "NextVisibleTime", "PopReceipt", "sys"], metadata.Properties().Select(p => p.Name));
        Assert.Equal("1", (string)metadata["DequeueCount"]!);
        Assert.Matches("^\"[0-9a-f-]{36}\"$", (string)metadata["Id"]!);
        Assert.Matches("\"InsertionTime\":\"[0-9-]{10}T[0-9:]{8}\\+00:00\"", handler.Only.Body);
        Assert.True(Assert.Single(host.Invocations) is { Succeeded: true, DeliveryCount: 1 });
    }

    [Fact]
    public async Task Without_binary_a_message_is_text_and_overwrites_its_metadata()
    {
        var handler = Host.Handler();
        using var folder = Folder(none: true).AddQueue("Dispatch", _name);
        await using var host = await StartAsync(folder, handler);
        await SendAsync("""{"Id":"forged"}""", QueueMessageEncoding.None);
        await Host.UntilAsync(() => host.OperationsOf(_name).Completes == 1, "the delete");
        Assert.Equal("\"forged\"", (string)JObject.Parse(handler.Only.Body)["Metadata"]!["Id"]!);
    }

    [Fact]
    public async Task A_message_that_fails_too_often_goes_to_the_poison_queue_whose_own_failures_stay_hidden()
    {
        var handler = Host.Handler(Answers.With(500, null, ""));
        using var folder = Folder().AddQueue("Dispatch", _name).AddQueue("Recover", _name + "-poison");
        await using var host = await StartAsync(folder, handler);
        await SendAsync("bad");
        await Host.UntilAsync(() => host.OperationsOf(_name + "-poison").Abandons == 1, "the recovery");
        Assert.Equal([("Dispatch", 1), ("Dispatch", 2), ("Dispatch", 3), ("Recover", 1)], host.Invocations.Select(r => (r.Function, r.DeliveryCount)));
        Assert.True(host.OperationsOf(_name) is { Completes: 0, Abandons: 2, Poisoned: 1 });
        Assert.Equal((0, 1), (await CountAsync(_name), await CountAsync(_name + "-poison")));
    }

    [Fact]
    public async Task What_is_not_in_the_encoding_goes_to_the_poison_queue_unseen()
    {
        var handler = Host.Handler();
        using var folder = Folder().AddQueue("Dispatch", _name);
        await using var host = await StartAsync(folder, handler);
        await SendAsync("not base64!", QueueMessageEncoding.None);
        await Host.UntilAsync(() => host.OperationsOf(_name).Poisoned == 1, "the move");
        Assert.Empty(handler.Seen);
        Assert.Equal(1, await CountAsync(_name + "-poison"));
    }

    [Fact]
    public async Task A_message_whose_function_takes_longer_than_the_lease_is_kept_invisible()
    {
        var handler = Host.Handler(async context =>
        {
            await Task.Delay(TimeSpan.FromSeconds(4), context.RequestAborted);
            await Answers.Success(context);
        });
        using var folder = Folder().AddQueue("Dispatch", _name);
        await using var host = await StartAsync(folder, handler, options => options with { QueueLease = TimeSpan.FromSeconds(2) });
        await SendAsync("slow");
        await Host.UntilAsync(() => host.OperationsOf(_name).Completes == 1, "the delete");
        Assert.Single(handler.Seen);
        Assert.InRange(host.OperationsOf(_name).Renewals, 2, 4);
        Assert.Empty(host.Problems);
    }

    [Fact]
    public async Task A_host_that_goes_leaves_its_messages_until_their_lease_ends()
    {
        var handler = Host.Handler(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var folder = Folder().AddQueue("Dispatch", _name);
        var host = await StartAsync(folder, handler, options => options with { QueueLease = TimeSpan.FromSeconds(2) });
        await SendAsync("m");
        await Host.UntilAsync(() => handler.Seen.Count == 1, "the call");
        await host.DisposeAsync();
        Assert.Equal(1, await CountAsync(_name));
        await using var next = await StartAsync(folder, Host.Handler());
        await Host.UntilAsync(() => next.Invocations.Count == 1, "the second delivery");
        Assert.Equal(2, next.Invocations[0].DeliveryCount);
    }

    [Fact]
    public async Task The_next_batch_is_fetched_when_no_more_than_the_threshold_are_in_hand()
    {
        using var goOn = new SemaphoreSlim(0);
        var handler = Host.Handler(async context =>
        {
            await goOn.WaitAsync(context.RequestAborted);
            await Answers.Success(context);
        });
        using var folder = Folder().AddQueue("Dispatch", _name);
        for (var message = 0; message < 9; message++)
        {
            await SendAsync($"m-{message}");
        }

        await using var host = await StartAsync(folder, handler);
        await Host.UntilAsync(() => handler.Seen.Count == 4, "the first batch");
        goOn.Release(2);
        await Host.UntilAsync(() => host.OperationsOf(_name).Completes == 2, "two are done");
        Assert.Equal(4, handler.Seen.Count);
        goOn.Release(1);
        await Host.UntilAsync(() => handler.Seen.Count == 8, "the second batch");
        goOn.Release(6);
        await Host.UntilAsync(() => host.OperationsOf(_name).Completes == 9, "the rest");
    }

    [Fact]
    public async Task Looks_at_an_empty_queue_get_rarer()
    {
        using var folder = Folder().AddQueue("Dispatch", _name);
        await SendAsync("m");
        await using var host = await StartAsync(folder, Host.Handler(), options => options with { MaxPollingInterval = null });
        await Host.UntilAsync(() => host.OperationsOf(_name).Receives == 2, "the first empty look");
        var start = Stopwatch.GetTimestamp();
        await Host.UntilAsync(() => host.OperationsOf(_name).Receives == 6, "four more");
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(0.9 * (100 + 200 + 400 + 800)), Host.Limit);
    }

    [Fact]
    public async Task A_queue_that_is_not_there_is_an_empty_one()
    {
        using var folder = Folder().AddQueue("Dispatch", _name);
        await using var host = await StartAsync(folder, Host.Handler());
        await Host.UntilAsync(() => host.OperationsOf(_name).Receives > 2, "some looks");
        Assert.Empty(host.Problems);
        await SendAsync("m");
        await Host.UntilAsync(() => host.Invocations.Count == 1, "the call");
    }

    [Fact]
    public async Task A_connection_without_a_setting_is_refused()
    {
        using var folder = Folder().AddQueue("Dispatch", _name, """, "connection": "Other" """);
        var error = await Assert.ThrowsAsync<FunctionsHostException>(() => Host.StartAsync(folder, Host.Handler()));
        Assert.Contains("Dispatch: there is no connection string 'Other'", error.Message, StringComparison.Ordinal);
    }

    private static ScriptFolder Folder(bool none = false) => new(file => file["extensions"]!["queues"] = new JsonObject
    {
        ["batchSize"] = 4,
        ["newBatchThreshold"] = 1,
        ["maxDequeueCount"] = 3,
        ["messageEncoding"] = none ? "none" : "base64",
    });

    private async Task<FakeFunctionsHost> StartAsync(
        ScriptFolder folder, ScriptedWorker.Handler handler, Func<FunctionsHostOptions, FunctionsHostOptions>? change = null)
    {
        var server = await azurite.GetAsync();
        return await Host.StartAsync(folder, handler, options =>
        {
            options = options with { Settings = new Dictionary<string, string> { ["AzureWebJobsStorage"] = server.ConnectionString } };
            return change?.Invoke(options) ?? options;
        });
    }

    private async Task<QueueClient> QueueAsync(string name, QueueMessageEncoding encoding = QueueMessageEncoding.Base64)
    {
        var queue = new QueueClient((await azurite.GetAsync()).ConnectionString, name, new QueueClientOptions { MessageEncoding = encoding });
        await queue.CreateIfNotExistsAsync(cancellationToken: Host.Token);
        return queue;
    }

    private async Task SendAsync(string text, QueueMessageEncoding encoding = QueueMessageEncoding.Base64) =>
        await (await QueueAsync(_name, encoding)).SendMessageAsync(text, Host.Token);

    private async Task<int> CountAsync(string name) =>
        (await (await QueueAsync(name)).GetPropertiesAsync(Host.Token)).Value.ApproximateMessagesCount;
}
