using System.Text;
using EmailFunctions.Queueing;

namespace EmailFunctions.Tests.Queueing;

/// <summary>
/// What every delivery queue does with what is sent to it. An adapter joins by a subclass that opens an empty queue, receives from it
/// somehow, and knows how to let time pass for it.
/// </summary>
public abstract partial class DeliveryQueueContract
{
    /// <summary>The queue under test, empty.</summary>
    protected abstract IDeliveryQueue Queue { get; }

    /// <summary>What tells how many messages are on it.</summary>
    protected abstract IQueueSize Size { get; }

    /// <summary>Whether messages come in the order in which they were sent.</summary>
    protected virtual bool KeepsOrder => true;

    /// <summary>The delays of these tests are counted in it: short where time is real.</summary>
    protected virtual TimeSpan Tick => TimeSpan.FromSeconds(1);

    /// <summary>The queue's time.</summary>
    protected abstract DateTimeOffset Now { get; }

    /// <summary>Returns when so much of the queue's time has passed.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    /// <summary>Receives all that is visible, and keeps it from being received again.</summary>
    protected abstract Task<IReadOnlyList<byte[]>> ReceiveAllAsync();

    /// <summary>Receives something whose time has come; where time is real it may be a little late, and is waited for.</summary>
    protected virtual Task<IReadOnlyList<byte[]>> ReceiveDueAsync() => ReceiveAllAsync();

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected Task EnqueueAsync(params IEnumerable<string> bodies) =>
        Queue.EnqueueAsync([.. bodies.Select(static body => new QueueMessage(Encoding.UTF8.GetBytes(body)))], Cancellation);

    protected Task EnqueueAtAsync(string body, DateTimeOffset visibleAt) =>
        Queue.EnqueueAsync([new QueueMessage(Encoding.UTF8.GetBytes(body), visibleAt)], Cancellation);

    private static List<string> TextsOf(IEnumerable<byte[]> bodies) => [.. bodies.Select(Encoding.UTF8.GetString)];

    private void AssertReceived(IEnumerable<string> expected, IEnumerable<string> received) =>
        Assert.Equal(KeepsOrder ? expected : expected.Order(), KeepsOrder ? received : received.Order());
}
