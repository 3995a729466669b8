using System.Collections.Concurrent;
using Amqp;
using Amqp.Framing;
using Amqp.Listener;
using EmailFunctions.TestKit.ServiceBus.Protocol;

namespace EmailFunctions.TestKit.ServiceBus;

/// <summary>
/// A queue of a <see cref="ServiceBusBroker"/>, with peek-lock, scheduled messages and a dead-letter queue. It has no sessions, no
/// time to live and no duplicate detection. All members may be used from any thread.
/// </summary>
/// <remarks>
/// What happens is worked off by one task, in order, so that a callback of the AMQP library never waits for a lock of this class.
/// </remarks>
public sealed class ServiceBusQueue : IDisposable
{
    // Long enough to cost nothing; whatever happens earlier wakes the task.
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(1);

    private readonly ConcurrentQueue<Action> _work = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly List<Action> _answers = [];
    private readonly QueueState _state;
    private readonly ScriptedSends _script = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = NewChange();
    private volatile bool _disposed;

    internal ServiceBusQueue(string name, ServiceBusQueueOptions options, bool isDeadLetterQueue)
    {
        Name = name;
        Options = options;
        DeadLetterQueue = isDeadLetterQueue
            ? null
            : new ServiceBusQueue($"{name}/$DeadLetterQueue", options with { MaxDeliveryCount = int.MaxValue, MaxMessages = int.MaxValue }, isDeadLetterQueue: true);
        _state = new QueueState(options, DeadLetterQueue);
        _ = Task.Run(RunAsync);
    }

    /// <summary>The queue's name, which is the address of its links.</summary>
    public string Name { get; }

    /// <summary>How it behaves.</summary>
    public ServiceBusQueueOptions Options { get; }

    /// <summary>Where messages go that were delivered too often or rejected; null for a dead-letter queue.</summary>
    public ServiceBusQueue? DeadLetterQueue { get; }

    /// <summary>The messages on the queue now: those that wait, those that are scheduled, those that are locked.</summary>
    public IReadOnlyList<ServiceBusMessage> Messages
    {
        get
        {
            lock (_gate)
            {
                return _state.Show();
            }
        }
    }

    /// <summary>What was done so far.</summary>
    public ServiceBusCounts Counts
    {
        get
        {
            lock (_gate)
            {
                return _state.Counts;
            }
        }
    }

    /// <summary>Refuses the next transfers.</summary>
    /// <param name="sends">How many; 0 ends what was scripted before.</param>
    /// <param name="condition">The error's condition, such as <c>com.microsoft:server-busy</c>.</param>
    public void RefuseNext(int sends, string condition) => _script.Refuse(sends, condition);

    /// <summary>Lets the next transfers go without an answer.</summary>
    /// <param name="sends">How many; 0 ends what was scripted before.</param>
    /// <param name="stored">Whether their messages are stored all the same.</param>
    public void IgnoreNext(int sends, bool stored = false) => _script.Ignore(sends, stored);

    /// <summary>Waits until the queue is as wanted.</summary>
    /// <param name="reached">Whether it is; called after each change, from any thread.</param>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">It did not get there; the text holds the counts.</exception>
    public async Task WaitUntilAsync(Func<ServiceBusQueue, bool> reached, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var end = DateTimeOffset.UtcNow + timeout;
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            if (reached(this))
            {
                return;
            }

            try
            {
                var rest = end - DateTimeOffset.UtcNow;
                await changed.WaitAsync(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"After {timeout.TotalSeconds:0.###} s: {Counts}, {Messages.Count} messages.");
            }
        }
    }

    /// <summary>Ends the queue's work.</summary>
    public void Dispose()
    {
        _disposed = true;
        DeadLetterQueue?.Dispose();
        _wake.Release();
    }

    internal void Take(MessageContext context) => Post(() => Receive(context));

    internal void Grant(ReceiveEndpoint receiver, int messages) => Post(() => _state.Grant(receiver, messages));

    internal void Settle(ReceiveEndpoint receiver, DispositionContext context)
    {
        // Of a link that has gone, the library says that all of its deliveries were released.
        var isLoss = receiver.Link.IsClosed;
        Post(() =>
        {
            var error = isLoss ? _state.Lose(context.Message) : _state.Settle(context.Message, context.DeliveryState);
            if (!context.Settled)
            {
                _answers.Add(error is null ? context.Complete : () => context.Complete(error));
            }
        });
    }

    internal void Forget(ReceiveEndpoint receiver) => Post(() => _state.Forget(receiver));

    internal void TakeDead(StoredMessage message) => Post(() => _state.Add(message));

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Post(Action work)
    {
        _work.Enqueue(work);
        _wake.Release();
    }

    private async Task RunAsync()
    {
        var next = DateTimeOffset.MaxValue;
        while (!_disposed)
        {
            var wait = next - DateTimeOffset.UtcNow;
            // Rounded up: a timer that fires before its time would be set again and again.
            await _wake.WaitAsync(wait < TimeSpan.Zero ? TimeSpan.Zero : wait < Idle ? wait + TimeSpan.FromMilliseconds(1) : Idle).ConfigureAwait(false);
            next = Work();
            // Outside the lock: they are the library's code, which may call back.
            _answers.ForEach(static answer => answer());
            _answers.Clear();
            Interlocked.Exchange(ref _changed, NewChange()).SetResult();
        }
    }

    private DateTimeOffset Work()
    {
        lock (_gate)
        {
            while (_work.TryDequeue(out var work))
            {
                work();
            }

            var next = _state.Advance(DateTimeOffset.UtcNow);
            foreach (var (receiver, message) in _state.Match(DateTimeOffset.UtcNow))
            {
                _answers.Add(() => Send(receiver, message));
            }

            _answers.AddRange(_state.TakeDrains());
            return _state.NextEvent < next ? _state.NextEvent : next;
        }
    }

    private void Send(ReceiveEndpoint receiver, Message message)
    {
        try
        {
            receiver.Link.SendMessage(message);
        }
        catch (AmqpException)
        {
            // The link is going.
            Post(() => _state.Lose(message));
        }
    }

    private void Receive(MessageContext context)
    {
        var (answer, condition, store) = _script.Next();
        if (condition is null && store)
        {
            condition = Store(context.Message);
        }

        _state.CountSend(refused: condition is not null || !answer);
        if (condition == ErrorCode.MessageSizeExceeded)
        {
            _answers.Add(() => context.Link.Close(TimeSpan.Zero, OpenLinks.NewError(condition, "Too large.")));
        }
        else if (answer)
        {
            _answers.Add(condition is null ? context.Complete : () => context.Complete(OpenLinks.NewError(condition, "Refused.")));
        }
    }

    // All messages of an envelope, or none.
    private string? Store(Message transferred)
    {
        if (transferred.Encode().Length > Options.MaxTransferBytes)
        {
            return ErrorCode.MessageSizeExceeded;
        }

        var messages = BatchEnvelope.Open(transferred);
        if (_state.Count + messages.Count > Options.MaxMessages)
        {
            return ErrorCode.ResourceLimitExceeded;
        }

        foreach (var message in messages)
        {
            _state.Add(new StoredMessage(message, DateTimeOffset.UtcNow));
        }

        return null;
    }
}
