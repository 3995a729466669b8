using System.Text;
using EmailFunctions.Queueing;

namespace EmailFunctions.Tests.Queueing;

/// <summary>
/// What every delivery queue and its receiving side do. An adapter joins by a subclass that opens an empty queue, and knows how to
/// let time pass for it.
/// </summary>
public abstract partial class DeliveryQueueContract
{
    /// <summary>How long messages are leased here.</summary>
    protected virtual TimeSpan Lease => TimeSpan.FromSeconds(30);

    /// <summary>The queue under test, empty.</summary>
    protected abstract IDeliveryQueue Queue { get; }

    /// <summary>A receiver of it.</summary>
    protected abstract IQueueReceiver Receiver { get; }

    /// <summary>Another receiver of the same queue.</summary>
    protected abstract IQueueReceiver SecondReceiver { get; }

    /// <summary>The queue's time.</summary>
    protected abstract DateTimeOffset Now { get; }

    /// <summary>Returns when so much of the queue's time has passed.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected Task EnqueueAsync(params IEnumerable<string> bodies) =>
        Queue.EnqueueAsync([.. bodies.Select(static body => new QueueMessage(Encoding.UTF8.GetBytes(body)))], Cancellation);

    protected Task EnqueueAtAsync(string body, DateTimeOffset visibleAt) =>
        Queue.EnqueueAsync([new QueueMessage(Encoding.UTF8.GetBytes(body), visibleAt)], Cancellation);

    protected Task<IReadOnlyList<LeasedMessage>> ReceiveAsync(int limit = 32) => Receiver.ReceiveAsync(limit, Lease, Cancellation);

    protected async Task<LeasedMessage> ReceiveOneAsync() => Assert.Single(await ReceiveAsync());

    /// <summary>Receives all that is visible, as texts.</summary>
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
