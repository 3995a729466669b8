using System.Collections.Concurrent;
using EmailFunctions.Delivery;
using EmailFunctions.Queueing;
using EmailFunctions.Tenants;

namespace EmailFunctions.Tests.Delivery.Fairness;

/// <summary>Notes whose messages were received, and can hold the pump before it receives more.</summary>
internal sealed class CountingReceiver(IQueueReceiver inner) : IQueueReceiver
{
    private readonly ConcurrentQueue<TenantId> _received = [];
    private volatile Gate? _gate;

    /// <summary>In the order of the queue.</summary>
    public IReadOnlyList<TenantId> Received => [.. _received];

    /// <summary>Returns when the pump is about to receive; it waits there until the gate is opened.</summary>
    public Task HoldAsync()
    {
        var gate = new Gate();
        _gate = gate;
        return gate.Arrived.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    public void Open()
    {
        var gate = _gate;
        _gate = null;
        gate?.Opened.TrySetResult();
    }

    public async Task<IReadOnlyList<LeasedMessage>> ReceiveAsync(int limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        if (_gate is { } gate)
        {
            gate.Arrived.TrySetResult();
            await gate.Opened.Task.WaitAsync(cancellationToken);
        }

        var messages = await inner.ReceiveAsync(limit, lease, cancellationToken);
        foreach (var message in messages)
            _received.Enqueue(Dispatch.Read(message.Body.Span)!.Reference.Tenant);
        return messages;
    }

    public Task<bool> RenewAsync(LeasedMessage message, TimeSpan lease, CancellationToken cancellationToken) => inner.RenewAsync(message, lease, cancellationToken);

    public Task<int> CompleteAsync(IReadOnlyList<LeasedMessage> messages, CancellationToken cancellationToken) => inner.CompleteAsync(messages, cancellationToken);

    public Task<bool> AbandonAsync(LeasedMessage message, TimeSpan delay, CancellationToken cancellationToken) => inner.AbandonAsync(message, delay, cancellationToken);

    public Task WaitAsync(CancellationToken cancellationToken) => inner.WaitAsync(cancellationToken);

    private sealed class Gate
    {
        public TaskCompletionSource Arrived { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
