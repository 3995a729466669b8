using EmailFunctions.Queueing;

namespace EmailFunctions.Tests.Simulation;

internal sealed partial class SimQueue : IDeliveryQueue, IQueueReceiver, IQueueSize
{
    public string QueueName => "simulated";

    /// <summary>Tests may set it, to see what goes beyond carried over.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.MaxValue;

    public Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfZero(messages.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(messages.Count, 100);
        foreach (var message in messages)
            ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Body.Length, QueueMessage.MaxBodyBytes);

        lock (_lock)
        {
            var before = ScheduledMessages;
            foreach (var message in messages)
            {
                Add(message.Body, message.VisibleAt - SimLoop.Epoch ?? loop.Elapsed);
                ScheduledMessages += message.VisibleAt is null ? 0 : 1;
            }

            Messages += messages.Count;
            Operations++;
            ScheduledOperations += ScheduledMessages > before ? 1 : 0;
        }

        WakeAll();
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<LeasedMessage>> ReceiveAsync(int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var received = new List<LeasedMessage>();
        while (received.Count < limit && TryReceive(lease) is { } message)
            received.Add(message);
        return Task.FromResult<IReadOnlyList<LeasedMessage>>(received);
    }

    public Task<bool> RenewAsync(LeasedMessage message, TimeSpan lease, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Renew(message, lease));
    }

    public Task<int> CompleteAsync(IReadOnlyList<LeasedMessage> messages, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(messages.Count(Complete));
    }

    public Task<bool> AbandonAsync(LeasedMessage message, TimeSpan delay, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Abandon(message, delay));
    }

    public Task WaitAsync(CancellationToken cancellationToken)
    {
        // A simulation passes no token that can be cancelled: then the wait does not leave its thread.
        var visible = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        WhenVisible(() => visible.TrySetResult());
        return visible.Task.WaitAsync(cancellationToken);
    }

    public Task<QueueCount> CountAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(QueueCount.Exactly(Count));
    }

    public Task<long?> CountDueAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
            return Task.FromResult<long?>(_messages.Values.LongCount(message => message.Deliveries > 0 || message.VisibleAt <= loop.Elapsed));
    }
}

/// <summary>The queue as one process that sends to it sees it: calls take time and fail, and end with the process.</summary>
internal sealed class SimSender(SimContext context, SimQueue queue, SimFaults faults) : IDeliveryQueue
{
    public TimeSpan LongestDelay => queue.LongestDelay;

    public async Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
    {
        await faults.Travel(context);
        cancellationToken.ThrowIfCancellationRequested();
        var fault = faults.Draw(context.Loop.Random);
        SimFaults.ThrowIf(fault == SimFault.Before);
        await queue.EnqueueAsync(messages, cancellationToken);
        await context.Pause();
        SimFaults.ThrowIf(fault == SimFault.After);
    }
}
