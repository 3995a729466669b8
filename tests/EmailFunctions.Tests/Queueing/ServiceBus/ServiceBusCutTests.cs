using EmailFunctions.Storage;
using EmailFunctions.TestKit.ServiceBus;

namespace EmailFunctions.Tests.Queueing.ServiceBus;

/// <summary>A connection that is cut anywhere in a send: nothing that was reported as sent is lost.</summary>
public sealed class ServiceBusCutTests
{
    public static readonly TheoryData<AmqpStep> Steps =
        [AmqpStep.Connected, AmqpStep.Opened, AmqpStep.Attached, AmqpStep.TransferArrived, AmqpStep.TransferAnswered, AmqpStep.AnswerDelivered];

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_cut_at_any_step_costs_the_caller_nothing_but_time(AmqpStep step)
    {
        await using var bench = ServiceBusBench.Start();
        bench.Broker.Cuts.Arm(step);

        await bench.SendAsync("1");
        await bench.SendAsync("2");

        Assert.Equal(1, bench.Broker.Cuts.Made);
        // Only where the answer was cut off the broker had it already.
        Assert.Equal(step == AmqpStep.TransferAnswered ? ["1", "1", "2"] : ["1", "2"], bench.Bodies);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_cut_at_any_step_loses_no_message_of_an_envelope_and_of_those_scheduled(AmqpStep step)
    {
        await using var bench = ServiceBusBench.Start();
        bench.Broker.Cuts.Arm(step, 2);
        var later = DateTimeOffset.UtcNow.AddHours(1);

        await bench.Queue.EnqueueAsync(
            [ServiceBusBench.Message("1"), ServiceBusBench.Message("2"), ServiceBusBench.Message("3", later), ServiceBusBench.Message("4", later)], ServiceBusBench.Cancellation);

        Assert.Equal(["1", "2", "3", "4"], bench.Bodies.Distinct());
        // Copies have the id of the message that they are copies of.
        Assert.Equal(4, bench.Stored.Messages.Select(static message => message.MessageId).Distinct().Count());
    }

    [Theory]
    [InlineData(AmqpStep.Connected, 0)]
    [InlineData(AmqpStep.Opened, 0)]
    [InlineData(AmqpStep.Attached, 0)]
    [InlineData(AmqpStep.TransferArrived, 0)]
    [InlineData(AmqpStep.TransferAnswered, 3)]
    public async Task A_broker_that_always_cuts_is_unreachable_after_three_attempts(AmqpStep step, int copies)
    {
        await using var bench = ServiceBusBench.Start();
        bench.Broker.Cuts.Arm(step, int.MaxValue);

        Assert.Equal(EmailFunctions.Queueing.ServiceBus.ServiceBusFailure.Unreachable, await bench.FailAsync("1"));
        bench.Broker.Cuts.Arm(step, 0);
        await bench.SendAsync("2");

        Assert.Equal(3, bench.Broker.Cuts.Made);
        Assert.Equal([.. Enumerable.Repeat("1", copies), "2"], bench.Bodies);
    }

    [Fact]
    public async Task What_many_senders_were_told_is_true_though_connections_drop_again_and_again()
    {
        await using var bench = ServiceBusBench.Start();
        using var stop = new CancellationTokenSource();
        var dropping = DropAsync(bench.Broker, stop.Token);
        var sent = new System.Collections.Concurrent.ConcurrentBag<string>();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(sender => Task.Run(async () =>
        {
            for (var number = 0; number < 50; number++)
            {
                var body = $"{sender}-{number}";
                try
                {
                    await bench.SendAsync(body);
                    sent.Add(body);
                }
                catch (StoreUnavailableException)
                {
                    // Told so: it may be there or not.
                }
            }
        })));
        await stop.CancelAsync();
        await dropping;

        Assert.NotEmpty(sent);
        Assert.Empty(sent.Except(bench.Bodies));
        await bench.SendAsync("after");
    }

    private static async Task DropAsync(ServiceBusBroker broker, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(25, CancellationToken.None);
            broker.DropConnections();
        }
    }
}
