using System.Collections.Concurrent;
using System.Threading.Channels;
using EmailFunctions.Queueing;
using EmailFunctions.Telemetry;

namespace EmailFunctions.Delivery.Local;

/// <summary>How many messages the pump has in hand at once.</summary>
public sealed record PumpSettings(int Concurrency);

/// <summary>
/// What the Functions host is in Azure: takes messages from the queue, runs the function, completes or abandons, renews leases.
/// Under load it does each of these for many messages at a time: as many are received as can be in hand, and what finished while
/// the last were removed is removed together. On stop it lets what is in hand finish, and gives back what does not finish in time.
/// </summary>
internal sealed partial class LocalPump(
    IQueueReceiver receiver, DispatchFunction function, PumpSettings settings, DeliveryMetrics metrics, TimeProvider time, ILogger<LocalPump> logger) : BackgroundService
{
    private const int MaxDeliveries = 20;
    private const int Ahead = 8;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FinishTime = TimeSpan.FromSeconds(20);

    private readonly Channel<LeasedMessage> _received = Channel.CreateUnbounded<LeasedMessage>();
    private readonly Channel<LeasedMessage> _handled = Channel.CreateUnbounded<LeasedMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<LeasedMessage, bool> _leased = new();
    private readonly SemaphoreSlim _allTaken = new(0, 1);
    private readonly CancellationTokenSource _giveUp = new();
    private int _notTaken;
    private int _inHand;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var renewal = time.CreateTimer(_ => _ = RenewAsync(), null, Lease / 3, Lease / 3);
        var workers = Task.WhenAll(Enumerable.Range(0, settings.Concurrency).Select(_ => WorkAsync(stoppingToken)));
        var completion = CompleteAsync();
        try
        {
            while (!stoppingToken.IsCancellationRequested)
                await ReceiveAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }

        _received.Writer.Complete();
        await FinishAsync(workers);
        _handled.Writer.Complete();
        await completion;
    }

    public override void Dispose()
    {
        base.Dispose();
        _giveUp.Dispose();
        _allTaken.Dispose();
    }

    // The next ones are received when the last of these is taken. Few beyond the free places, and never more than all places: what is
    // received can't be overtaken any more by a tenant that comes with less.
    private async Task ReceiveAsync(CancellationToken stoppingToken)
    {
        try
        {
            var limit = Math.Max(settings.Concurrency - Volatile.Read(ref _inHand), Math.Min(settings.Concurrency, Ahead));
            var messages = await receiver.ReceiveAsync(limit, Lease, stoppingToken);
            if (messages.Count == 0)
            {
                await receiver.WaitAsync(stoppingToken);
                return;
            }

            _notTaken = messages.Count;
            foreach (var message in messages)
            {
                _leased[message] = true;
                _received.Writer.TryWrite(message);
            }

            await _allTaken.WaitAsync(stoppingToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            QueueFailed(logger, exception);
            await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken);
        }
    }

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        await foreach (var message in _received.Reader.ReadAllAsync(CancellationToken.None))
        {
            Interlocked.Increment(ref _inHand);
            if (Interlocked.Decrement(ref _notTaken) == 0)
                _allTaken.Release();
            await HandleAsync(message, stoppingToken);
            Interlocked.Decrement(ref _inHand);
            _leased.TryRemove(message, out _);
        }
    }

    private async Task HandleAsync(LeasedMessage message, CancellationToken stoppingToken)
    {
        try
        {
            if (stoppingToken.IsCancellationRequested)
            {
                await receiver.AbandonAsync(message, TimeSpan.Zero, CancellationToken.None);
                return;
            }

            await function.RunAsync(message.Body, _giveUp.Token);
            metrics.Handled(QueueNames.Dispatch);
            _handled.Writer.TryWrite(message);
        }
#pragma warning disable CA1031 // Whatever the function throws, the message is given back.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await GiveBackAsync(message, exception);
        }
    }

    // A message that was handled and could not be removed comes again, and its row says that nothing is left to do.
    private async Task CompleteAsync()
    {
        var messages = new List<LeasedMessage>();
        while (await _handled.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (_handled.Reader.TryRead(out var message))
                messages.Add(message);
            try
            {
                await receiver.CompleteAsync(messages, CancellationToken.None);
            }
#pragma warning disable CA1031 // Their leases end by themselves; nothing is lost.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                QueueFailed(logger, exception);
            }

            messages.Clear();
        }
    }

    private async Task GiveBackAsync(LeasedMessage message, Exception exception)
    {
        try
        {
            if (message.DeliveryCount >= MaxDeliveries)
            {
                // The row is what counts; the sweep queues it anew, with a fresh count.
                DeliveriesExhausted(logger, exception, message.DeliveryCount);
                _handled.Writer.TryWrite(message);
                return;
            }

            FunctionFailed(logger, exception, message.DeliveryCount);
            var delay = TimeSpan.FromSeconds(Math.Min(60, Math.Pow(2, message.DeliveryCount)));
            await receiver.AbandonAsync(message, _giveUp.IsCancellationRequested ? TimeSpan.Zero : delay, CancellationToken.None);
        }
#pragma warning disable CA1031 // The lease ends by itself; nothing is lost.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            QueueFailed(logger, failure);
        }
    }

    private async Task RenewAsync()
    {
        try
        {
            foreach (var message in _leased.Keys)
                await receiver.RenewAsync(message, Lease, CancellationToken.None);
        }
#pragma warning disable CA1031 // The next renewal comes before the lease ends.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            QueueFailed(logger, exception);
        }
    }

    private async Task FinishAsync(Task workers)
    {
        try
        {
            await workers.WaitAsync(FinishTime, time);
        }
        catch (TimeoutException)
        {
            NotFinished(logger, _leased.Count);
            await _giveUp.CancelAsync();
            // What is in a provider's hands ends as unknown, the rest is given back; both are short.
            await workers;
        }
    }

    [LoggerMessage(EventId = 330, Level = LogLevel.Error, Message = "The queue can't be used right now; trying again.")]
    private static partial void QueueFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 331, Level = LogLevel.Warning, Message = "Delivery {DeliveryCount} of a reference failed; it comes again.")]
    private static partial void FunctionFailed(ILogger logger, Exception exception, int deliveryCount);

    [LoggerMessage(EventId = 332, Level = LogLevel.Error, Message = "Delivery {DeliveryCount} of a reference failed; it is dropped, and its message left to the sweep.")]
    private static partial void DeliveriesExhausted(ILogger logger, Exception exception, int deliveryCount);

    [LoggerMessage(EventId = 333, Level = LogLevel.Warning, Message = "{Count} messages did not finish in time; they are given back.")]
    private static partial void NotFinished(ILogger logger, int count);
}
