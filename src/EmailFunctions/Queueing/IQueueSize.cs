namespace EmailFunctions.Queueing;

/// <summary>Tells how many messages are on a queue.</summary>
public interface IQueueSize
{
    /// <summary>The queue's name, one of <see cref="QueueNames"/>.</summary>
    string QueueName { get; }

    /// <summary>Counts the messages on the queue, those that are scheduled or in somebody's hands included; costs one call at most.</summary>
    /// <exception cref="Storage.StoreUnavailableException">The queue can't be reached.</exception>
    Task<QueueCount> CountAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Counts those of them that are due and still there: who waits for somebody to take it, and, where the queue tells, who is in somebody's hands
    /// or was given back after a failure. Costs one call at most.
    /// </summary>
    /// <returns>How many, or not more than there are; null: that can't be known here.</returns>
    /// <exception cref="Storage.StoreUnavailableException">The queue can't be reached.</exception>
    Task<long?> CountDueAsync(CancellationToken cancellationToken);
}

/// <summary>How many messages are on a queue.</summary>
/// <param name="Messages">How many; null: that can't be known here.</param>
/// <param name="IsExact">False: the queue's own estimate, which is not below the number.</param>
/// <param name="WhyUnknown">Why it can't be known, as a sentence; null where it is.</param>
public sealed record QueueCount(long? Messages, bool IsExact, string? WhyUnknown)
{
    public static QueueCount Exactly(long messages) => new(messages, IsExact: true, WhyUnknown: null);

    public static QueueCount About(long messages) => new(messages, IsExact: false, WhyUnknown: null);
}

/// <summary>A queue that can't be counted from here.</summary>
/// <param name="queueName">The queue's name.</param>
/// <param name="reason">Why, as a sentence.</param>
internal sealed class UncountedQueue(string queueName, string reason) : IQueueSize
{
    public string QueueName => queueName;

    public Task<QueueCount> CountAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new QueueCount(Messages: null, IsExact: false, reason));

    public Task<long?> CountDueAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);
}
