using System.Diagnostics;
using EmailFunctions.Queueing.ServiceBus;
using EmailFunctions.Storage;
using EmailFunctions.TestKit.ServiceBus;

namespace EmailFunctions.Tests.Queueing.ServiceBus;

/// <summary>What Service Bus does in bad times, and in quiet ones.</summary>
public sealed class ServiceBusFaultTests
{
    [Theory]
    [InlineData("com.microsoft:server-busy")]
    [InlineData("com.microsoft:timeout")]
    [InlineData("amqp:internal-error")]
    public async Task A_refusal_that_passes_is_not_seen_by_the_caller(string condition)
    {
        await using var bench = ServiceBusBench.Start();
        bench.Stored.RefuseNext(2, condition);

        await bench.SendAsync("1");

        Assert.Equal(["1"], bench.Bodies);
        Assert.Equal(3, bench.Stored.Counts.Sends);
    }

    [Theory]
    [InlineData("com.microsoft:server-busy", ServiceBusFailure.Busy, 3, "busy")]
    [InlineData("amqp:internal-error", ServiceBusFailure.Unreachable, 3, "internal-error")]
    [InlineData("amqp:not-found", ServiceBusFailure.NotFound, 1, "no such queue")]
    [InlineData("com.microsoft:entity-disabled", ServiceBusFailure.NotFound, 1, "disabled")]
    [InlineData("amqp:resource-limit-exceeded", ServiceBusFailure.Full, 1, "quota")]
    [InlineData("amqp:link:message-size-exceeded", ServiceBusFailure.TooLarge, 1, "larger")]
    public async Task A_refusal_that_lasts_is_told_with_what_to_do_and_only_repeated_where_that_helps(
        string condition, ServiceBusFailure failure, int sends, string word)
    {
        await using var bench = ServiceBusBench.Start();
        await bench.SendAsync("1");
        bench.Stored.RefuseNext(100, condition);

        var exception = await Assert.ThrowsAsync<StoreUnavailableException>(() => bench.SendAsync("2"));

        Assert.Equal(failure, ServiceBusBench.FailureOf(exception));
        Assert.Contains(word, exception.Message, StringComparison.Ordinal);
        Assert.Contains(ServiceBusBench.QueueName, exception.Message, StringComparison.Ordinal);
        Assert.Equal(sends, bench.Stored.Counts.Refused);
        bench.Stored.RefuseNext(0, condition);
        await bench.SendAsync("3");
        Assert.Equal(["1", "3"], bench.Bodies);
    }

    [Fact]
    public async Task A_queue_that_is_not_there_is_not_found_by_sends_and_by_probes()
    {
        await using var bench = ServiceBusBench.Start();
        await using var lost = bench.Open(queue: "nowhere");

        var sending = await Assert.ThrowsAsync<StoreUnavailableException>(() => lost.EnqueueAsync([ServiceBusBench.Message("1")], ServiceBusBench.Cancellation));
        var probing = await Assert.ThrowsAsync<StoreUnavailableException>(() => lost.ProbeAsync(ServiceBusBench.Cancellation));

        Assert.Equal(ServiceBusFailure.NotFound, ServiceBusBench.FailureOf(sending));
        Assert.Equal(ServiceBusFailure.NotFound, ServiceBusBench.FailureOf(probing));
        Assert.Contains("nowhere", probing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_queue_is_full_and_takes_messages_again_when_there_is_room()
    {
        await using var bench = ServiceBusBench.Start(queueOptions: new ServiceBusQueueOptions { MaxMessages = 1 });
        await bench.SendAsync("1");

        Assert.Equal(ServiceBusFailure.Full, await bench.FailAsync());

        Assert.Equal(["1"], bench.Bodies);
    }

    [Fact]
    public async Task A_message_over_the_queues_limit_is_told_without_a_transfer_and_others_keep_their_link()
    {
        await using var bench = ServiceBusBench.Start(queueOptions: new ServiceBusQueueOptions { MaxTransferBytes = 4_000 });
        await bench.SendAsync("1");

        Assert.Equal(ServiceBusFailure.TooLarge, await bench.FailAsync(new string('x', 5_000)));
        await bench.SendAsync("2");

        Assert.Equal((2, 1), (bench.Stored.Counts.Sends, bench.Broker.LinksOpened));
    }

    [Fact]
    public async Task A_link_that_was_detached_for_idleness_is_opened_again_on_the_same_connection()
    {
        await using var bench = ServiceBusBench.Start(new ServiceBusBrokerOptions { LinkIdleTimeout = TimeSpan.FromMilliseconds(300) });
        await bench.SendAsync("1");
        await UntilAsync(() => bench.Broker.LinksOpen == 0);

        await bench.SendAsync("2");

        Assert.Equal(["1", "2"], bench.Bodies);
        Assert.Equal((1, 2), (bench.Broker.ConnectionsAccepted, bench.Broker.LinksOpened));
    }

    [Theory]
    [InlineData("link")]
    [InlineData("session")]
    [InlineData("connection")]
    [InlineData("tcp")]
    public async Task What_was_closed_between_sends_is_opened_again(string what)
    {
        await using var bench = ServiceBusBench.Start();
        await bench.SendAsync("1");

        Close(bench.Broker, what);
        await UntilAsync(() => bench.Broker.LinksOpen == 0);
        await bench.SendAsync("2");
        await bench.Queue.ProbeAsync(ServiceBusBench.Cancellation);

        Assert.Equal(["1", "2"], bench.Bodies);
    }

    [Theory]
    [InlineData("link")]
    [InlineData("session")]
    [InlineData("connection")]
    [InlineData("tcp")]
    public async Task What_is_closed_in_the_middle_of_a_send_is_opened_again_and_the_message_sent_again(string what)
    {
        await using var bench = ServiceBusBench.Start();
        await bench.SendAsync("1");
        bench.Stored.IgnoreNext(1, stored: true);

        var sending = bench.SendAsync("2");
        await bench.Stored.WaitUntilAsync(static queue => queue.Counts.Refused == 1, ServiceBusBench.Patience, ServiceBusBench.Cancellation);
        var watch = Stopwatch.StartNew();
        Close(bench.Broker, what);
        await sending;

        Assert.Equal(["1", "2", "2"], bench.Bodies);
        // Noticed, not waited out.
        Assert.True(watch.Elapsed < ServiceBusBench.Quick.Answer, $"It took {watch.Elapsed}.");
    }

    [Fact]
    public async Task A_broker_that_does_not_answer_is_left_for_a_new_connection()
    {
        await using var bench = ServiceBusBench.Start();
        await bench.SendAsync("1");
        bench.Stored.IgnoreNext(1);

        await bench.SendAsync("2");

        Assert.Equal(["1", "2"], bench.Bodies);
        Assert.Equal(2, bench.Broker.ConnectionsAccepted);
    }

    [Fact]
    public async Task A_network_that_swallows_everything_is_unreachable_and_leaves_no_connection_behind()
    {
        await using var bench = ServiceBusBench.Start();
        await bench.SendAsync("1");
        bench.Broker.Cuts.IsSilent = true;

        Assert.Equal(ServiceBusFailure.Unreachable, await bench.FailAsync("2"));

        await UntilAsync(() => bench.Broker.ConnectionsOpen == 0);
        bench.Broker.Cuts.IsSilent = false;
        await bench.SendAsync("3");
        Assert.Equal(["1", "3"], bench.Bodies);
    }

    [Fact]
    public async Task A_caller_waits_no_longer_than_the_budget_whatever_the_broker_does()
    {
        var times = ServiceBusBench.Quick with { Answer = TimeSpan.FromSeconds(30), Budget = TimeSpan.FromSeconds(1) };
        await using var bench = ServiceBusBench.Start(times: times);
        bench.Stored.IgnoreNext(100);
        var watch = Stopwatch.StartNew();

        Assert.Equal(ServiceBusFailure.Unreachable, await bench.FailAsync());

        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_unreachable()
    {
        await using var bench = ServiceBusBench.Start();
        await bench.Broker.DisposeAsync();

        Assert.Equal(ServiceBusFailure.Unreachable, await bench.FailAsync());
    }

    private static void Close(ServiceBusBroker broker, string what)
    {
        switch (what)
        {
            case "link":
                broker.DetachLinks();
                break;
            case "session":
                broker.EndSessions();
                break;
            case "connection":
                broker.CloseConnections();
                break;
            default:
                broker.DropConnections();
                break;
        }
    }

    private static async Task UntilAsync(Func<bool> reached)
    {
        var end = DateTimeOffset.UtcNow + ServiceBusBench.Patience;
        while (!reached())
        {
            Assert.True(DateTimeOffset.UtcNow < end, "It did not come to that.");
            await Task.Delay(10, ServiceBusBench.Cancellation);
        }
    }
}
