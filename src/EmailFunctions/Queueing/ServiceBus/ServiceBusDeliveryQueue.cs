using System.Net.Security;
using EmailFunctions.Storage;

namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>
/// A queue of Service Bus, over AMQP 1.0. A send whose fate is unclear is repeated, within limits: a second copy of a reference
/// does no harm, since the ledger decides. Of a <see cref="StoreUnavailableException"/> the inner exception is a
/// <see cref="ServiceBusException"/>, which says why.
/// </summary>
internal sealed partial class ServiceBusDeliveryQueue : IDeliveryQueue, IQueueProbe, IAsyncDisposable
{
    private const int MaxMessages = 100;

    // More than are needed to fill the link, and not so many that a slow broker makes a process hold on to thousands.
    private const int MaxTransfersAtOnce = 200;

    private readonly ServiceBusOptions _options;
    private readonly string _queue;
    private readonly ServiceBusClock _clock;
    private readonly ILogger _logger;
    private readonly ServiceBusLinks _links;
    private readonly SemaphoreSlim _places = new(MaxTransfersAtOnce, MaxTransfersAtOnce);

    /// <param name="options">Where the queue is.</param>
    /// <param name="queue">Its name.</param>
    /// <param name="time">The service's time.</param>
    /// <param name="random">At least 0, less than 1.</param>
    /// <param name="logger">For what an operator should know.</param>
    /// <param name="times">How long things may take; null for what suits Service Bus.</param>
    /// <param name="certificates">Decides about the server's certificate; null: as usual.</param>
    public ServiceBusDeliveryQueue(
        ServiceBusOptions options, string queue, TimeProvider time, Func<double> random, ILogger<ServiceBusDeliveryQueue> logger,
        ServiceBusTimes? times = null, RemoteCertificateValidationCallback? certificates = null)
    {
        _options = options;
        _queue = queue;
        _clock = new ServiceBusClock(time, times ?? new ServiceBusTimes(), random);
        _logger = logger;
        _links = new ServiceBusLinks(options, queue, new ServiceBusTokens(options, queue, time), _clock, certificates, logger);
    }

    // Other brokers would deliver a scheduled message at once.
    public TimeSpan LongestDelay => _options.IsServiceBus ? TimeSpan.MaxValue : TimeSpan.Zero;

    public Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(messages.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(messages.Count, MaxMessages);
        var now = _clock.Now;
        foreach (var message in messages)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Body.Length, QueueMessage.MaxBodyBytes);
            if (message.VisibleAt - now > LongestDelay)
                throw new ArgumentOutOfRangeException(nameof(messages), "This broker has no messages for later.");
        }

        List<OutgoingMessage> outgoing = [.. messages.Select(message => new OutgoingMessage(message, now))];
        return WithinBudgetAsync(cancellation => SendAsync(outgoing, cancellation), cancellationToken);
    }

    /// <summary>Opens the link if it isn't open, which needs the queue and the right to send to it.</summary>
    public Task ProbeAsync(CancellationToken cancellationToken) => WithinBudgetAsync(_links.GetAsync, cancellationToken);

    /// <summary>Closes the connection. Sends that have no answer yet fail.</summary>
    public async ValueTask DisposeAsync() => await _links.DisposeAsync();

    private async Task WithinBudgetAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var limit = _clock.Limit(_clock.Times.Budget, cancellationToken);
        try
        {
            await work(limit.Token);
        }
        catch (Exception exception) when (exception is not StoreUnavailableException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw ServiceBusFailures.Explain(ServiceBusFailures.Of(exception), _queue, _options.Credential is null);
        }
    }

    private async Task SendAsync(List<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (failure, isFresh) = await TryAsync(messages, cancellationToken);
            if (failure is null)
                return;
            if (attempt >= _clock.Times.Attempts || !IsWorthRepeating(failure.Failure, isFresh) || cancellationToken.IsCancellationRequested)
                throw failure;
            Repeating(_logger, _queue, attempt, failure.Message);
            if (isFresh || failure.Failure == ServiceBusFailure.Busy)
                await PauseAsync(attempt, failure, cancellationToken);
        }
    }

    // What the service says about the queue or the message holds next time, too. A link that was refused for want of a token may
    // have outlived it: the next link comes with another.
    private static bool IsWorthRepeating(ServiceBusFailure failure, bool isFresh) =>
        failure is ServiceBusFailure.Unreachable or ServiceBusFailure.Busy || (failure == ServiceBusFailure.Unauthorized && !isFresh);

    private async Task PauseAsync(int attempt, ServiceBusException failure, CancellationToken cancellationToken)
    {
        try
        {
            await _clock.DelayAsync(_clock.PauseAfter(attempt, failure.Failure), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Why there was a pause says more than that the time was up.
            throw failure;
        }
    }

    /// <summary>Sends what is in the list, and takes out of it what was accepted.</summary>
    private async Task<(ServiceBusException? Failure, bool IsFresh)> TryAsync(List<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        AmqpSender sender;
        bool isFresh;
        try
        {
            (sender, isFresh) = await _links.GetAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not StoreUnavailableException)
        {
            return (ServiceBusFailures.Of(exception), true);
        }

        // All at once, in their order.
        var transfers = TransferPlan.Of(messages, sender.MaxBytes, _options.IsServiceBus);
        var failures = await Task.WhenAll(transfers.Select(transfer => TrySendAsync(sender, transfer, cancellationToken)));
        messages.Clear();
        messages.AddRange(transfers.Where((_, index) => failures[index] is not null).SelectMany(static transfer => transfer.Messages));
        return (failures.FirstOrDefault(static failure => failure is not null), isFresh);
    }

    private async Task<ServiceBusException?> TrySendAsync(AmqpSender sender, Transfer transfer, CancellationToken cancellationToken)
    {
        try
        {
            await _places.WaitAsync(cancellationToken);
            try
            {
                await SendOneAsync(sender, transfer, cancellationToken);
                return null;
            }
            finally
            {
                _places.Release();
            }
        }
        catch (Exception exception)
        {
            return ServiceBusFailures.Of(exception);
        }
    }

    private async Task SendOneAsync(AmqpSender sender, Transfer transfer, CancellationToken cancellationToken)
    {
        // To be told so by the service would cost all senders their link.
        if (transfer.Messages is [var single] && single.Encoded.Length > sender.MaxBytes)
            throw new ServiceBusException(ServiceBusFailure.TooLarge, $"{single.Encoded.Length} bytes of at most {sender.MaxBytes}");
        using var limit = _clock.Limit(_clock.Times.Answer, cancellationToken);
        try
        {
            await sender.SendAsync(transfer.Encode(), limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _links.Discard(sender);
            throw;
        }
    }

    [LoggerMessage(EventId = 522, Level = LogLevel.Warning, Message = "A send to queue {Queue} failed at attempt {Attempt} ({Reason}); trying again.")]
    private static partial void Repeating(ILogger logger, string queue, int attempt, string reason);
}
