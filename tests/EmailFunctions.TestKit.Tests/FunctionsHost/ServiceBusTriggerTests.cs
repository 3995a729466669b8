using System.Text;
using Amqp;
using Amqp.Framing;
using EmailFunctions.TestKit.FunctionsHost;
using EmailFunctions.TestKit.ServiceBus;
using EmailFunctions.TestKit.Tests.ServiceBus;
using Microsoft.AspNetCore.Http;
using Newtonsoft.Json.Linq;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

public sealed class ServiceBusTriggerTests : IAsyncDisposable
{
    private const string Binary = """, "dataType": "binary" """;

    private readonly ServiceBusBroker _broker = ServiceBusBroker.Start();
    private readonly ServiceBusQueue _queue;

    public ServiceBusTriggerTests() => _queue = _broker.CreateQueue("mail", new ServiceBusQueueOptions { MaxDeliveryCount = 3 });

    public async ValueTask DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task A_message_arrives_with_its_metadata_in_the_hosts_encoding_and_is_completed()
    {
        var handler = Host.Handler();
        using var folder = new ScriptFolder().AddServiceBus("Dispatch", "mail", Binary);
        await using var host = await StartAsync(folder, handler);
        await SendAsync(new Message
        {
            Properties = new Properties { MessageId = "m-1", CorrelationId = "c-1", ContentType = "application/json", Subject = "s" },
            ApplicationProperties = new ApplicationProperties { ["tenant"] = "acme", ["n"] = 7 },
            BodySection = new Data { Binary = Encoding.UTF8.GetBytes("""{"MessageId":"forged","id":1}""") },
        });
        await _queue.WaitUntilAsync(queue => queue.Counts.Completes == 1, Host.Limit, Host.Token);
        var body = JObject.Parse(handler.Only.Body);
        Assert.Equal("/Dispatch", handler.Only.Target);
        Assert.Equal(Convert.ToBase64String("""{"MessageId":"forged","id":1}"""u8), (string)body["Data"]!["msg"]!);
        var metadata = (JObject)body["Metadata"]!;
        Assert.Equal("\"m-1\"", (string)metadata["MessageId"]!);
        Assert.Equal("\"c-1\"", (string)metadata["CorrelationId"]!);
        Assert.Equal(("\"s\"", "\"s\""), ((string)metadata["Subject"]!, (string)metadata["Label"]!));
        Assert.Equal(("1", "1"), ((string)metadata["DeliveryCount"]!, (string)metadata["SequenceNumber"]!));
        Assert.Equal("""{"tenant":"acme","n":7}""", metadata["ApplicationProperties"]!.ToString(Newtonsoft.Json.Formatting.None));
        Assert.Equal(metadata["ApplicationProperties"], metadata["UserProperties"]);
        Assert.Matches("\"EnqueuedTimeUtc\":\"[0-9-]{10}T[0-9:]{8}\",\"EnqueuedTime\":\"[0-9-]{10}T[0-9:]{8}\\+00:00\"", handler.Only.Body);
        Assert.Equal(JTokenType.Object, metadata["MessageActions"]!.Type);
        Assert.False(metadata.ContainsKey("SessionId"));
        Assert.Equal(new QueueOperations(1, 1, 1, 0, 0, 0), host.OperationsOf("mail"));
        Assert.True(Assert.Single(host.Invocations) is { Succeeded: true, DeliveryCount: 1 });
    }

    [Fact]
    public async Task Without_binary_a_message_is_text_and_overwrites_its_metadata()
    {
        var handler = Host.Handler();
        using var folder = new ScriptFolder().AddServiceBus("Dispatch", "mail");
        await using var host = await StartAsync(folder, handler);
        await SendAsync(BrokerClient.Text("""{"MessageId":"forged"}"""));
        await _queue.WaitUntilAsync(queue => queue.Counts.Completes == 1, Host.Limit, Host.Token);
        var body = JObject.Parse(handler.Only.Body);
        Assert.Equal(""" "{\"MessageId\":\"forged\"}" """.Trim(), (string)body["Data"]!["msg"]!);
        Assert.Equal("\"forged\"", (string)body["Metadata"]!["MessageId"]!);
    }

    [Fact]
    public async Task A_failure_is_delivered_again_at_once_until_the_dead_letter_queue_has_it()
    {
        var handler = Host.Handler(Answers.With(500, null, ""));
        using var folder = new ScriptFolder().AddServiceBus("Dispatch", "mail", Binary);
        await using var host = await StartAsync(folder, handler);
        await SendAsync(BrokerClient.Text("bad"));
        await _queue.DeadLetterQueue!.WaitUntilAsync(queue => queue.Messages.Count == 1, Host.Limit, Host.Token);
        Assert.Equal([1, 2, 3], host.Invocations.Select(record => record.DeliveryCount));
        Assert.Equal(["1", "2", "3"], handler.Seen.Select(seen => (string)JObject.Parse(seen.Body)["Metadata"]!["DeliveryCount"]!));
        Assert.Equal(new QueueOperations(3, 3, 0, 3, 0, 0), host.OperationsOf("mail"));
    }

    [Fact]
    public async Task The_dead_letter_queue_can_be_a_functions_queue()
    {
        var handler = Host.Handler(context =>
            context.Request.Path == "/Recover" ? Answers.Success(context) : Answers.With(200, "text/plain", "no")(context));
        using var folder = new ScriptFolder().AddServiceBus("Dispatch", "mail", Binary).AddServiceBus("Recover", "mail/$DeadLetterQueue", Binary);
        await using var host = await StartAsync(folder, handler);
        await SendAsync(BrokerClient.Text("bad"));
        await _queue.DeadLetterQueue!.WaitUntilAsync(queue => queue.Counts.Completes == 1, Host.Limit, Host.Token);
        Assert.Equal(["/Dispatch", "/Dispatch", "/Dispatch", "/Recover"], handler.Seen.Select(seen => seen.Target));
    }

    [Fact]
    public async Task No_more_than_maxConcurrentCalls_are_in_hand()
    {
        using var goOn = new SemaphoreSlim(0);
        var handler = Host.Handler(async context =>
        {
            await goOn.WaitAsync(context.RequestAborted);
            await Answers.Success(context);
        });
        using var folder = new ScriptFolder(file => file["extensions"]!["serviceBus"] = new System.Text.Json.Nodes.JsonObject { ["maxConcurrentCalls"] = 3 })
            .AddServiceBus("Dispatch", "mail", Binary);
        await using var host = await StartAsync(folder, handler);
        for (var message = 0; message < 8; message++)
        {
            await SendAsync(BrokerClient.Text($"m-{message}"));
        }

        await Host.UntilAsync(() => handler.Seen.Count == 3, "three calls");
        goOn.Release(2);
        await Host.UntilAsync(() => handler.Seen.Count == 5, "two more");
        await _queue.WaitUntilAsync(queue => queue.Counts.Completes == 2, Host.Limit, Host.Token);
        Assert.Equal(5, _queue.Counts.Deliveries);
        goOn.Release(6);
        await _queue.WaitUntilAsync(queue => queue.Counts.Completes == 8, Host.Limit, Host.Token);
    }

    [Fact]
    public async Task A_worker_that_dies_over_a_message_gets_it_again()
    {
        ScriptedWorker.Handler? handler = null;
        handler = Host.Handler(context =>
        {
            if (handler!.Seen.Count > 1)
            {
                return Answers.Success(context);
            }

            handler.Workers.Single().End(1);
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var folder = new ScriptFolder().AddServiceBus("Dispatch", "mail", Binary);
        await using var host = await StartAsync(folder, handler);
        await SendAsync(BrokerClient.Text("m"));
        await _queue.WaitUntilAsync(queue => queue.Counts.Completes == 1, Host.Limit, Host.Token);
        Assert.Equal([(1, false), (2, true)], host.Invocations.Select(record => (record.DeliveryCount, record.Succeeded)));
    }

    [Fact]
    public async Task A_host_that_goes_leaves_its_messages_to_the_next_one()
    {
        var handler = Host.Handler(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var folder = new ScriptFolder().AddServiceBus("Dispatch", "mail", Binary);
        var host = await StartAsync(folder, handler);
        await SendAsync(BrokerClient.Text("m"));
        await Host.UntilAsync(() => handler.Seen.Count == 1, "the call");
        await host.DisposeAsync();
        await _queue.WaitUntilAsync(queue => queue.Counts is { LocksLost: 1, Abandons: 0, Completes: 0 }, Host.Limit, Host.Token);
        await using var next = await StartAsync(folder, Host.Handler());
        await _queue.WaitUntilAsync(queue => queue.Counts.Completes == 1, Host.Limit, Host.Token);
    }

    [Fact]
    public async Task After_a_detach_or_a_lost_connection_it_receives_again()
    {
        using var folder = new ScriptFolder().AddServiceBus("Dispatch", "mail", Binary);
        await using var host = await StartAsync(folder, Host.Handler());
        await Host.UntilAsync(() => _broker.LinksOpened == 1, "the link");
        _broker.DetachLinks();
        await Host.UntilAsync(() => _broker.LinksOpened == 2, "the second link");
        _broker.DropConnections();
        await Host.UntilAsync(() => _broker.LinksOpened == 3, "the third link");
        await SendAsync(BrokerClient.Text("m"));
        await _queue.WaitUntilAsync(queue => queue.Counts.Completes == 1, Host.Limit, Host.Token);
        Assert.Equal(2, host.Problems.Count);
    }

    [Fact]
    public async Task A_token_is_put_where_the_broker_wants_one()
    {
        await using var broker = ServiceBusBroker.Start(new() { CheckToken = token => token.Text == "good" ? DateTimeOffset.UtcNow.AddHours(1) : null });
        var queue = broker.CreateQueue("mail");
        using var folder = new ScriptFolder().AddServiceBus("Dispatch", "mail", Binary);
        await using var host = await Host.StartAsync(folder, Host.Handler(), options => options with
        {
            ServiceBusAddress = new Uri($"amqp://127.0.0.1:{broker.Port}"),
            ServiceBusToken = audience => new ServiceBusToken(ServiceBusToken.Jwt, audience, "good"),
        });
        await Host.UntilAsync(() => broker.LinksOpen == 1, "the link");
        Assert.Equal("amqp://127.0.0.1/mail", Assert.Single(broker.Tokens).Audience);
        Assert.Equal(0, queue.Counts.Deliveries);
    }

    [Fact]
    public async Task A_connection_that_names_no_broker_is_refused()
    {
        using var folder = new ScriptFolder().AddServiceBus("Dispatch", "mail");
        var error = await Assert.ThrowsAsync<FunctionsHostException>(() => Host.StartAsync(folder, Host.Handler()));
        Assert.Contains("Dispatch: the connection 'ServiceBus'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disabled_function_receives_nothing()
    {
        using var folder = new ScriptFolder().AddServiceBus("Dispatch", "mail", Binary).AddTimer("Other");
        await using var host = await StartAsync(folder, Host.Handler(), new() { ["AzureWebJobs.Dispatch.Disabled"] = "true" });
        await SendAsync(BrokerClient.Text("m"));
        Assert.True((await host.FireTimerAsync("Other")).Succeeded);
        Assert.Equal((0, 1), (_broker.LinksOpen, _queue.Messages.Count));
    }

    // By the connection string, as the emulator's is.
    private Task<FakeFunctionsHost> StartAsync(ScriptFolder folder, ScriptedWorker.Handler handler, Dictionary<string, string>? settings = null) =>
        Host.StartAsync(folder, handler, options => options with
        {
            Settings = new Dictionary<string, string>(settings ?? [])
            {
                ["ServiceBus"] = $"Endpoint=sb://127.0.0.1:{_broker.Port};SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;",
            },
        });

    private async Task SendAsync(Message message)
    {
        await using var client = await BrokerClient.OpenAsync(_broker);
        await client.Sender("mail").SendAsync(message);
        await client.Connection.CloseAsync();
    }
}
