using System.Security.Cryptography;
using System.Text;
using Amqp;
using Amqp.Framing;
using EmailFunctions.TestKit.ServiceBus;

namespace EmailFunctions.TestKit.Tests.ServiceBus;

/// <summary>What the broker does when it is told to fail, and whom it lets in.</summary>
public sealed class BrokerFaultTests
{
    private static readonly ServiceBusToken Unsigned = new(ServiceBusToken.Sas, "amqps://host/mail", "");

    [Fact]
    public async Task Sends_are_refused_as_often_as_told_with_the_condition()
    {
        await using var broker = ServiceBusBroker.Start();
        var queue = broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(broker);
        var sender = client.Sender("mail");
        queue.RefuseNext(1, "com.microsoft:server-busy");

        var error = await Assert.ThrowsAsync<AmqpException>(() => sender.SendAsync(BrokerClient.Text("1"), BrokerClient.Patience));
        await sender.SendAsync(BrokerClient.Text("2"), BrokerClient.Patience);

        Assert.Equal("com.microsoft:server-busy", error.Error.Condition);
        Assert.Equal("2", Assert.Single(queue.Messages).MessageId);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public async Task A_send_that_is_ignored_gets_no_answer_and_is_stored_as_told(bool stored, int messages)
    {
        await using var broker = ServiceBusBroker.Start();
        var queue = broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(broker);
        queue.IgnoreNext(1, stored);

        await Assert.ThrowsAsync<TimeoutException>(() => client.Sender("mail").SendAsync(BrokerClient.Text("1"), TimeSpan.FromMilliseconds(300)));

        Assert.Equal((1, 1, messages), (queue.Counts.Sends, queue.Counts.Refused, queue.Messages.Count));
    }

    [Theory]
    [InlineData(AmqpStep.Connected, 0)]
    [InlineData(AmqpStep.Opened, 0)]
    [InlineData(AmqpStep.Attached, 0)]
    [InlineData(AmqpStep.TransferArrived, 0)]
    [InlineData(AmqpStep.TransferAnswered, 1)]
    public async Task A_cut_ends_the_connection_at_its_step(AmqpStep step, int stored)
    {
        await using var broker = ServiceBusBroker.Start();
        var queue = broker.CreateQueue("mail");
        broker.Cuts.Arm(step);

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var client = await BrokerClient.OpenAsync(broker);
            await client.Sender("mail").SendAsync(BrokerClient.Text("1"), BrokerClient.Patience);
        });

        Assert.Equal((1, stored), (broker.Cuts.Made, queue.Messages.Count));
        await using var next = await BrokerClient.OpenAsync(broker);
        await next.Sender("mail").SendAsync(BrokerClient.Text("2"), BrokerClient.Patience);
        Assert.Equal(stored + 1, queue.Messages.Count);
    }

    [Theory]
    [InlineData(AmqpStep.MessageDelivered)]
    [InlineData(AmqpStep.SettlementArrived)]
    public async Task A_receiver_that_is_cut_off_gets_the_message_again(AmqpStep step)
    {
        await using var broker = ServiceBusBroker.Start();
        var queue = broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(broker);
        await client.Sender("mail").SendAsync(BrokerClient.Text("1"), BrokerClient.Patience);
        broker.Cuts.Arm(step);

        var receiver = client.Receiver("mail");
        if (step == AmqpStep.SettlementArrived)
            receiver.Accept(await receiver.ReceiveAsync(BrokerClient.Patience));
        else
            receiver.SetCredit(1);
        await queue.WaitUntilAsync(static queue => queue.Counts.LocksLost == 1, BrokerClient.Patience, TestContext.Current.CancellationToken);

        await using var other = await BrokerClient.OpenAsync(broker);
        Assert.Equal(1u, (await other.Receiver("mail").ReceiveAsync(BrokerClient.Patience)).Header.DeliveryCount);
        Assert.Equal(0, queue.Counts.Completes);
    }

    [Fact]
    public async Task Links_are_detached_with_the_condition_and_idle_ones_by_themselves()
    {
        await using var broker = ServiceBusBroker.Start(new ServiceBusBrokerOptions { LinkIdleTimeout = TimeSpan.FromMilliseconds(200) });
        broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(broker);
        var told = await AttachedAsync(client, "mail");
        broker.DetachLinks("amqp:resource-deleted");
        var idle = await AttachedAsync(client, "mail");

        Assert.Equal("amqp:resource-deleted", await ClosedAsync(told));
        Assert.Equal(ErrorCode.DetachForced, await ClosedAsync(idle));
    }

    [Fact]
    public async Task Without_a_good_token_a_link_is_refused_and_with_its_end_it_is_detached()
    {
        var end = DateTimeOffset.UtcNow.AddSeconds(1);
        await using var broker = ServiceBusBroker.Start(new ServiceBusBrokerOptions { CheckToken = token => token.Text == "good" ? end : null });
        broker.CreateQueue("mail");
        await using var client = await BrokerClient.OpenAsync(broker);

        Assert.Equal(401, await PutTokenAsync(client, "bad", "amqps://host/mail"));
        Assert.Equal(ErrorCode.UnauthorizedAccess, await ClosedAsync(client.Sender("mail")));
        Assert.Equal(202, await PutTokenAsync(client, "good", "amqps://host/other"));
        Assert.Equal(ErrorCode.UnauthorizedAccess, await ClosedAsync(client.Sender("mail")));
        Assert.Equal(202, await PutTokenAsync(client, "good", "amqps://host/mail"));
        var link = await AttachedAsync(client, "mail");

        Assert.Equal(ErrorCode.UnauthorizedAccess, await ClosedAsync(link));
        Assert.True(DateTimeOffset.UtcNow >= end);
        Assert.Equal(["bad", "good", "good"], broker.Tokens.Select(static token => token.Text));
    }

    [Theory]
    [InlineData("rule", "key", "amqps%3A%2F%2Fhost%2Fmail", 60, true)]
    [InlineData("rule", "key", "amqps%3A%2F%2Fhost", 60, true)]
    [InlineData("rule", "key", "amqps%3A%2F%2Fhost%2Fother", 60, false)]
    [InlineData("rule", "another", "amqps%3A%2F%2Fhost%2Fmail", 60, false)]
    [InlineData("another", "key", "amqps%3A%2F%2Fhost%2Fmail", 60, false)]
    [InlineData("rule", "key", "amqps%3A%2F%2Fhost%2Fmail", -60, false)]
    public void A_signature_counts_for_its_rule_key_audience_and_time(string rule, string key, string resource, int seconds, bool good)
    {
        var expiry = DateTimeOffset.UtcNow.AddSeconds(seconds).ToUnixTimeSeconds();
        var signature = Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes($"{resource}\n{expiry}")));
        var token = Unsigned with { Text = $"SharedAccessSignature sr={resource}&sig={Uri.EscapeDataString(signature)}&se={expiry}&skn={rule}" };

        Assert.Equal(good ? DateTimeOffset.FromUnixTimeSeconds(expiry) : null, token.CheckSignature("rule", "key"));
    }

    private static async Task<SenderLink> AttachedAsync(BrokerClient client, string queue)
    {
        var attached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var link = new SenderLink(client.Session, $"send-{Guid.NewGuid():N}", new Target { Address = queue }, (_, _) => attached.TrySetResult());
        await attached.Task.WaitAsync(BrokerClient.Patience, TestContext.Current.CancellationToken);
        return link;
    }

    private static async Task<string> ClosedAsync(SenderLink link)
    {
        var closed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        link.AddClosedCallback((_, error) => closed.TrySetResult($"{error?.Condition}"));
        return await closed.Task.WaitAsync(BrokerClient.Patience, TestContext.Current.CancellationToken);
    }

    private static async Task<int> PutTokenAsync(BrokerClient client, string token, string audience)
    {
        var replyTo = $"reply-{Guid.NewGuid():N}";
        var receiver = new ReceiverLink(
            client.Session, replyTo, new Attach { Source = new Source { Address = "$cbs" }, Target = new Target { Address = replyTo } }, null);
        var request = new Message(token)
        {
            Properties = new Properties { MessageId = "1", ReplyTo = replyTo },
            ApplicationProperties = new ApplicationProperties { ["operation"] = "put-token", ["type"] = ServiceBusToken.Jwt, ["name"] = audience },
        };
        await client.Sender("$cbs").SendAsync(request, BrokerClient.Patience);
        var reply = await receiver.ReceiveAsync(BrokerClient.Patience);
        Assert.Equal("1", reply.Properties.CorrelationId);
        return (int)reply.ApplicationProperties["status-code"];
    }
}
