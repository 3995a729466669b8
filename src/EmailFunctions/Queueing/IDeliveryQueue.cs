using EmailFunctions.Storage;

namespace EmailFunctions.Queueing;

/// <summary>
/// A queue that carries references to ledger rows. It delivers at least once, and out of order where it must: the ledger
/// decides. Throws <see cref="StoreUnavailableException"/> when the queue can't be reached.
/// </summary>
public interface IDeliveryQueue
{
    /// <summary>How far ahead a message may be scheduled; one that is scheduled further is refused with <see cref="ArgumentOutOfRangeException"/>.</summary>
    TimeSpan LongestDelay { get; }

    /// <summary>
    /// Puts messages on the queue, durably, in one operation where the queue knows one for many. If it fails, some of them may be on the queue.
    /// </summary>
    /// <param name="messages">1 to 100 messages of at most <see cref="QueueMessage.MaxBodyBytes"/> each.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken);
}

/// <summary>The names of the queues, as they are on every kind of queue.</summary>
public static class QueueNames
{
    /// <summary>References to ledger rows that are due; only the service itself sends here.</summary>
    public const string Dispatch = "email-dispatch";

    /// <summary>Messages of event producers, which are foreign to the service.</summary>
    public const string Ingest = "email-in";

    public static IReadOnlyList<string> All { get; } = [Dispatch, Ingest];
}

/// <summary>A message to put on a queue.</summary>
/// <param name="Body">At most <see cref="MaxBodyBytes"/>.</param>
/// <param name="VisibleAt">Not delivered before this time; null: at once.</param>
/// <param name="Group">Whose it is: a queue that can delivers groups in turn, whatever each has on it.</param>
public sealed record QueueMessage(ReadOnlyMemory<byte> Body, DateTimeOffset? VisibleAt = null, string Group = "")
{
    /// <summary>48 KiB: what fits into a Storage Queue message (64 KiB) once it is base64.</summary>
    public const int MaxBodyBytes = 48 * 1024;
}
