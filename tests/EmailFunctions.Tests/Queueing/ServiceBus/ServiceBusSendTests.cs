using System.Diagnostics;
using EmailFunctions.Queueing;
using EmailFunctions.Queueing.ServiceBus;
using EmailFunctions.Storage;
using EmailFunctions.TestKit.ServiceBus;

namespace EmailFunctions.Tests.Queueing.ServiceBus;

/// <summary>What arrives at the broker, and how often it is asked, as long as it does what it should.</summary>
public sealed class ServiceBusSendTests
{
    [Fact]
    public async Task A_message_is_one_durable_binary_message_with_an_id_and_one_operation()
    {
        await using var bench = ServiceBusBench.Start();

        await bench.SendAsync("1");

        var message = Assert.Single(bench.Stored.Messages);
        Assert.True(message.IsDurable);
        Assert.True(message.IsBinary);
        Assert.Equal("1"u8.ToArray(), message.Body.ToArray());
        Assert.NotEmpty(message.MessageId);
        Assert.Equal(1, bench.Stored.Counts.Operations);
    }

    [Fact]
    public async Task A_hundred_messages_that_are_due_are_one_operation_and_keep_their_order()
    {
        await using var bench = ServiceBusBench.Start();
        string[] bodies = [.. Enumerable.Range(0, 100).Select(static number => $"{number:00}")];

        await bench.SendAsync(bodies);

        Assert.Equal((1, 100), (bench.Stored.Counts.Sends, bench.Stored.Counts.Messages));
        Assert.Equal(bodies, bench.Stored.Messages.OrderBy(static message => message.SequenceNumber).Select(static message => System.Text.Encoding.UTF8.GetString(message.Body.Span)));
        Assert.Equal(100, bench.Stored.Messages.Select(static message => message.MessageId).Distinct().Count());
    }

    [Fact]
    public async Task Messages_that_are_too_many_for_one_envelope_are_split_and_all_arrive()
    {
        await using var bench = ServiceBusBench.Start();
        var body = new byte[QueueMessage.MaxBodyBytes];

        await bench.Queue.EnqueueAsync([.. Enumerable.Repeat(new QueueMessage(body), 100)], ServiceBusBench.Cancellation);

        // 256 KiB hold five of them.
        Assert.Equal((20, 100), (bench.Stored.Counts.Sends, bench.Stored.Counts.Messages));
    }

    [Fact]
    public async Task Envelopes_use_what_the_queue_takes_to_the_last_kilobyte()
    {
        await using var bench = ServiceBusBench.Start(queueOptions: new ServiceBusQueueOptions { MaxTransferBytes = 64 * 1024 });
        var body = new byte[1_000];

        await bench.Queue.EnqueueAsync([.. Enumerable.Repeat(new QueueMessage(body), 100)], ServiceBusBench.Cancellation);

        Assert.Equal((2, 100), (bench.Stored.Counts.Sends, bench.Stored.Counts.Messages));
    }

    [Fact]
    public async Task A_scheduled_message_waits_until_its_time_and_one_that_is_overdue_does_not()
    {
        await using var bench = ServiceBusBench.Start();
        var later = DateTimeOffset.UtcNow.AddSeconds(1).AddTicks(1);

        await bench.Queue.EnqueueAsync(
            [ServiceBusBench.Message("now"), ServiceBusBench.Message("later", later), ServiceBusBench.Message("overdue", DateTimeOffset.UtcNow.AddHours(-1))], ServiceBusBench.Cancellation);

        Assert.Equal((2, 3, 1), (bench.Stored.Counts.Sends, bench.Stored.Counts.Messages, bench.Stored.Counts.Scheduled));
        await bench.Stored.WaitUntilAsync(
            static queue => queue.Messages.All(static message => message.State == ServiceBusMessageState.Waiting), ServiceBusBench.Patience, ServiceBusBench.Cancellation);
        // Rounded up, so never early.
        Assert.True(DateTimeOffset.UtcNow >= later);
        Assert.True(bench.Stored.Messages.Single(static message => message.Body.Length == 5).EnqueuedAt >= later);
    }

    [Fact]
    public async Task A_message_may_be_scheduled_for_next_year()
    {
        await using var bench = ServiceBusBench.Start();
        var at = DateTimeOffset.UtcNow.AddDays(365);

        await bench.Queue.EnqueueAsync([ServiceBusBench.Message("1", at)], ServiceBusBench.Cancellation);

        Assert.Equal(TimeSpan.MaxValue, bench.Queue.LongestDelay);
        Assert.Equal(ServiceBusMessageState.Scheduled, Assert.Single(bench.Stored.Messages).State);
    }

    [Fact]
    public async Task Many_senders_share_one_connection_and_one_link()
    {
        await using var bench = ServiceBusBench.Start();

        await Task.WhenAll(Enumerable.Range(0, 500).Select(number => bench.SendAsync($"{number}")));

        Assert.Equal((1, 1), (bench.Broker.ConnectionsAccepted, bench.Broker.LinksOpened));
        Assert.Equal(500, bench.Bodies.Distinct().Count());
    }

    [Fact]
    public async Task Nothing_is_connected_before_it_is_used()
    {
        await using var bench = ServiceBusBench.Start();

        Assert.Equal(0, bench.Broker.ConnectionsAccepted);
        await bench.Queue.ProbeAsync(ServiceBusBench.Cancellation);
        await bench.SendAsync("1");

        Assert.Equal(1, bench.Broker.LinksOpened);
    }

    [Fact]
    public async Task A_body_may_have_48_KiB_and_not_more()
    {
        await using var bench = ServiceBusBench.Start();

        await bench.Queue.EnqueueAsync([new QueueMessage(new byte[QueueMessage.MaxBodyBytes])], ServiceBusBench.Cancellation);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => bench.Queue.EnqueueAsync([new QueueMessage("fits"u8.ToArray()), new QueueMessage(new byte[QueueMessage.MaxBodyBytes + 1])], ServiceBusBench.Cancellation));

        Assert.Equal(QueueMessage.MaxBodyBytes, Assert.Single(bench.Stored.Messages).Body.Length);
    }

    [Fact]
    public async Task A_cancelled_call_does_nothing()
    {
        await using var bench = ServiceBusBench.Start();
        await bench.Queue.ProbeAsync(ServiceBusBench.Cancellation);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => bench.Queue.EnqueueAsync([ServiceBusBench.Message("1")], new CancellationToken(canceled: true)));

        Assert.Equal(0, bench.Stored.Counts.Sends);
    }

    [Fact]
    public async Task A_caller_who_leaves_takes_nothing_from_the_others()
    {
        await using var bench = ServiceBusBench.Start();
        await bench.SendAsync("1");
        bench.Stored.IgnoreNext(1);
        using var leaving = new CancellationTokenSource();

        var left = bench.Queue.EnqueueAsync([ServiceBusBench.Message("ignored")], leaving.Token);
        await bench.Stored.WaitUntilAsync(static queue => queue.Counts.Refused == 1, ServiceBusBench.Patience, ServiceBusBench.Cancellation);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        await bench.SendAsync("2");

        Assert.Equal(["1", "2"], bench.Bodies);
        Assert.Equal(1, bench.Broker.LinksOpened);
    }

    [Fact]
    public async Task Closing_says_good_bye_and_ends_what_comes_after()
    {
        await using var bench = ServiceBusBench.Start();
        await bench.SendAsync("1");
        var watch = Stopwatch.StartNew();

        await bench.Queue.DisposeAsync();
        await bench.Queue.DisposeAsync();

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => bench.SendAsync("2"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => bench.Queue.ProbeAsync(ServiceBusBench.Cancellation));
        Assert.Equal(["1"], bench.Bodies);
        Assert.Equal(0, bench.Broker.LinksOpen);
    }

    [Fact]
    public async Task Tls_is_spoken_where_it_should_be_and_a_certificate_that_nobody_vouches_for_is_refused()
    {
        await using var bench = ServiceBusBench.Start(new ServiceBusBrokerOptions { UseTls = true });
        var options = ServiceBusOptions.Parse($"Endpoint=sb://localhost;SharedAccessKeyName={ServiceBusBench.Rule};SharedAccessKey={ServiceBusBench.Key}");
        await using var trusting = bench.Open(options);
        await using var careful = new ServiceBusDeliveryQueue(
            options with { Host = "localhost", Port = bench.Broker.Port }, ServiceBusBench.QueueName, TimeProvider.System, static () => 0,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<ServiceBusDeliveryQueue>.Instance, ServiceBusBench.Quick);

        await trusting.EnqueueAsync([ServiceBusBench.Message("1")], ServiceBusBench.Cancellation);
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => careful.EnqueueAsync([ServiceBusBench.Message("2")], ServiceBusBench.Cancellation));

        Assert.Contains("certificate", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["1"], bench.Bodies);
    }
}
