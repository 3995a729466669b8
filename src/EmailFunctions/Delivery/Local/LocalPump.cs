using System.Collections.Concurrent;
using EmailFunctions.Queueing;

namespace EmailFunctions.Delivery.Local;

/// <summary>How many messages the pump has in hand at once.</summary>
public sealed record PumpSettings(int Concurrency);

/// <summary>
/// What the Functions host is in Azure: takes messages from the queue, runs the function, completes or abandons, renews leases.
/// On stop it lets what is in hand finish, and gives back what does not finish in time.
/// </summary>
internal sealed partial class LocalPump(
    IQueueReceiver receiver, DispatchFunction function, PumpSettings settings, TimeProvider time, ILogger<LocalPump> logger) : BackgroundService
{
    private const int MaxDeliveries = 20;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FinishTime = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _places = new(settings.Concurrency, settings.Concurrency);
    private readonly ConcurrentDictionary<LeasedMessage, Task> _inHand = new();
    private readonly CancellationTokenSource _giveUp = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var renewal = time.CreateTimer(_ => _ = RenewAsync(), null, Lease / 3, Lease / 3);
        try
        {
            while (!stoppingToken.IsCancellationRequested)
                await PumpAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }

        await DrainAsync();
    }

    public override void Dispose()
    {
        base.Dispose();
        _giveUp.Dispose();
        _places.Dispose();
    }

    private async Task PumpAsync(CancellationToken stoppingToken)
    {
        await _places.WaitAsync(stoppingToken);
        var places = 1;
        while (_places.Wait(0, CancellationToken.None))
            places++;
        var received = 0;
        try
        {
            var messages = await receiver.ReceiveAsync(places, Lease, stoppingToken);
            received = messages.Count;
            foreach (var message in messages)
                Start(message);
            if (received == 0)
                await receiver.WaitAsync(stoppingToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            ReceiveFailed(logger, exception);
            await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken);
        }
        finally
        {
            if (places > received)
                _places.Release(places - received);
        }
    }

    private void Start(LeasedMessage message)
    {
        var entered = new TaskCompletionSource();
        _inHand[message] = entered.Task;
        _ = Task.Run(async () =>
        {
            await HandleAsync(message);
            _inHand.TryRemove(message, out _);
            _places.Release();
            entered.SetResult();
        });
    }

    private async Task HandleAsync(LeasedMessage message)
    {
        try
        {
            await function.RunAsync(message.Body, _giveUp.Token);
            await receiver.CompleteAsync(message, CancellationToken.None);
        }
#pragma warning disable CA1031 // Whatever the function throws, the message is given back.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await GiveBackAsync(message, exception);
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
                await receiver.CompleteAsync(message, CancellationToken.None);
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
            ReceiveFailed(logger, failure);
        }
    }

    private async Task RenewAsync()
    {
        try
        {
            foreach (var message in _inHand.Keys)
                await receiver.RenewAsync(message, Lease, CancellationToken.None);
        }
#pragma warning disable CA1031 // The next renewal comes before the lease ends.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            ReceiveFailed(logger, exception);
        }
    }

    private async Task DrainAsync()
    {
        try
        {
            await Task.WhenAll(_inHand.Values).WaitAsync(FinishTime, time);
        }
        catch (TimeoutException)
        {
            NotFinished(logger, _inHand.Count);
            await _giveUp.CancelAsync();
            // What is in a provider's hands ends as unknown, the rest is given back; both are short.
            await Task.WhenAll(_inHand.Values);
        }
    }

    [LoggerMessage(EventId = 330, Level = LogLevel.Error, Message = "The queue can't be used right now; trying again.")]
    private static partial void ReceiveFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 331, Level = LogLevel.Warning, Message = "Delivery {DeliveryCount} of a reference failed; it comes again.")]
    private static partial void FunctionFailed(ILogger logger, Exception exception, int deliveryCount);

    [LoggerMessage(EventId = 332, Level = LogLevel.Error, Message = "Delivery {DeliveryCount} of a reference failed; it is dropped, and its message left to the sweep.")]
    private static partial void DeliveriesExhausted(ILogger logger, Exception exception, int deliveryCount);

    [LoggerMessage(EventId = 333, Level = LogLevel.Warning, Message = "{Count} messages did not finish in time; they are given back.")]
    private static partial void NotFinished(ILogger logger, int count);
}
