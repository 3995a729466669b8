using System.Net.Security;
using EmailFunctions.Storage;

namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>
/// Holds the one connection and the one link that all senders share: opened by the first, and again by the next one after they
/// were closed, which Service Bus does to whoever is idle.
/// </summary>
internal sealed partial class ServiceBusLinks(
    ServiceBusOptions options, string queue, ServiceBusTokens tokens, ServiceBusClock clock, RemoteCertificateValidationCallback? certificates, ILogger logger)
    : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _life = new();
    private ServiceBusConnection? _connection;
    private Task<AmqpSender>? _opening;
    private bool _closed;

    /// <summary>The link, and whether it was opened just now.</summary>
    /// <exception cref="ServiceBusException">It can't be opened.</exception>
    public async Task<(AmqpSender Sender, bool IsFresh)> GetAsync(CancellationToken cancellationToken)
    {
        Task<AmqpSender> opening;
        bool isFresh;
        lock (_gate)
        {
            if (_closed)
                throw new StoreUnavailableException($"The queue {queue} is closed.");
            if (_opening is not { IsCompleted: false } && !IsUsable(_opening))
                _opening = OpenAsync();
            opening = _opening!;
            isFresh = !opening.IsCompleted;
        }

        // Whoever leaves takes the opening from nobody else.
        return (await opening.WaitAsync(cancellationToken), isFresh);
    }

    /// <summary>No answer came on this link: its connection counts as dead, unless it was replaced already.</summary>
    public void Discard(AmqpSender sender)
    {
        lock (_gate)
        {
            if (!_closed && _opening is { IsCompletedSuccessfully: true } && _opening.Result == sender)
                _connection?.Abort();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task<AmqpSender>? opening;
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
            opening = _opening;
        }

        await _life.CancelAsync();
        if (opening is not null)
            await opening.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (_connection is not null)
            await _connection.DisposeAsync();
        _life.Dispose();
    }

    private bool IsUsable(Task<AmqpSender>? opening) =>
        opening is { IsCompletedSuccessfully: true } && opening.Result.IsOpen && _connection is { IsOpen: true };

    // One at a time: the next one starts when this one has ended.
    private async Task<AmqpSender> OpenAsync()
    {
        // Not under the gate.
        await Task.Yield();
        using var limit = clock.Limit(clock.Times.Opening, _life.Token);
        try
        {
            if (_connection is not { IsOpen: true })
                await ConnectAsync(limit.Token);
            return await _connection!.OpenSenderAsync(queue, limit.Token);
        }
        catch (Exception exception)
        {
            var failure = ServiceBusFailures.Of(exception);
            // The next attempt should expect nothing of a connection that may be dead, or of a token that is not good any more.
            if (failure.Failure is ServiceBusFailure.Unreachable or ServiceBusFailure.Unauthorized)
                _connection?.Abort();
            throw failure;
        }
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        var former = _connection;
        _connection = await ServiceBusConnection.OpenAsync(options, tokens, clock, certificates, logger, cancellationToken);
        Connected(logger, options.Host, queue);
        // It is at its end, and says so by itself: nobody waits for it.
        _ = former?.DisposeAsync().AsTask();
    }

    [LoggerMessage(EventId = 521, Level = LogLevel.Information, Message = "Connected to {Host} for queue {Queue}.")]
    private static partial void Connected(ILogger logger, string host, string queue);
}
