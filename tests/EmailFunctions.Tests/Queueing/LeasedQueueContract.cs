using System.Text;
using EmailFunctions.Queueing;

namespace EmailFunctions.Tests.Queueing;

/// <summary>What a queue does whose receiving side is the service's own: all of <see cref="DeliveryQueueContract"/>, and leases.</summary>
public abstract partial class LeasedQueueContract : DeliveryQueueContract
{
    /// <summary>How long messages are leased here.</summary>
    protected virtual TimeSpan Lease => TimeSpan.FromSeconds(30);

    /// <summary>A receiver of the queue.</summary>
    protected abstract IQueueReceiver Receiver { get; }

    /// <summary>Another receiver of the same queue.</summary>
    protected abstract IQueueReceiver SecondReceiver { get; }

    /// <summary>A queue that is the service's own is counted exactly.</summary>
    protected async Task<long> CountAsync()
    {
        var count = await Size.CountAsync(Cancellation);
        Assert.True(count.IsExact);
        return count.Messages!.Value;
    }

    protected override async Task<IReadOnlyList<byte[]>> ReceiveAllAsync() =>
        [.. (await ReceiveAsync(limit: 1_000)).Select(static message => message.Body.ToArray())];

    protected Task<IReadOnlyList<LeasedMessage>> ReceiveAsync(int limit = 32) => Receiver.ReceiveAsync(limit, Lease, Cancellation);

    protected async Task<LeasedMessage> ReceiveOneAsync() => Assert.Single(await ReceiveAsync());

    /// <summary>Receives what is visible, as texts.</summary>
    protected async Task<List<string>> ReceiveTextsAsync(int limit = 32) => [.. (await ReceiveAsync(limit)).Select(TextOf)];

    protected static string TextOf(LeasedMessage message) => Encoding.UTF8.GetString(message.Body.Span);

    /// <summary>Waits for messages, after the wake-ups that are pending from earlier.</summary>
    protected Task StartWaiting()
    {
        var waiting = Receiver.WaitAsync(Cancellation);
        for (var wakeUps = 0; waiting.IsCompletedSuccessfully; wakeUps++)
        {
            Assert.True(wakeUps < 10, "Waiting ends again and again where nothing is visible.");
            waiting = Receiver.WaitAsync(Cancellation);
        }

        return waiting;
    }

    protected static Task SoonAsync(Task task) => task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
}
