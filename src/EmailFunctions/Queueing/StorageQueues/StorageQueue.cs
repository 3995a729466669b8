using Azure;
using Azure.Core;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using EmailFunctions.Storage.AzureCore;

namespace EmailFunctions.Queueing.StorageQueues;

/// <summary>
/// An Azure Storage queue. It is made by the first message, so that a start needs no call. It knows neither order nor batches: the
/// messages of a call are sent beside each other, and if one fails the others may be on the queue.
/// </summary>
/// <param name="queue">Made with <see cref="NewOptions"/>.</param>
/// <param name="time">What the messages' times are measured by.</param>
internal sealed class StorageQueue(QueueClient queue, TimeProvider time) : IDeliveryQueue, IQueueProbe, IQueueSize
{
    private const int MaxMessages = 100;

    // As many as one call shows (learn.microsoft.com, "Peek Messages").
    private const int MaxPeeked = 32;

    private const int MaxSendsAtOnce = 8;

    private static readonly AzureService Service = new("queue storage", "Storage Queue Data Contributor");

    // Without it the service throws a message away after 7 days, and a mail's reference with it.
    private static readonly TimeSpan Forever = TimeSpan.FromSeconds(-1);

    // 7 days are the service's limit (learn.microsoft.com, "Put Message"), and times are rounded up.
    public TimeSpan LongestDelay { get; } = TimeSpan.FromDays(7) - TimeSpan.FromMinutes(1);

    public string QueueName => queue.Name;

    /// <summary>How a client must be made: base64, as the Functions host reads it, and sent again if need be, since copies do no harm.</summary>
    public static QueueClientOptions NewOptions()
    {
        var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 };
        options.Retry.Mode = RetryMode.Exponential;
        options.Retry.MaxRetries = 2;
        options.Retry.Delay = TimeSpan.FromMilliseconds(200);
        options.Retry.MaxDelay = TimeSpan.FromSeconds(1);
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(15);
        return options;
    }

    public Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(messages.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(messages.Count, MaxMessages);
        var now = time.GetUtcNow();
        foreach (var message in messages)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Body.Length, QueueMessage.MaxBodyBytes);
            if (message.VisibleAt - now > LongestDelay)
                throw new ArgumentOutOfRangeException(nameof(messages), $"A message can be scheduled {LongestDelay} ahead at most.");
        }

        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxSendsAtOnce, CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(messages, options, async (message, token) => await SendAsync(message, token));
    }

    public Task ProbeAsync(CancellationToken cancellationToken) => CountAsync(cancellationToken);

    public Task<QueueCount> CountAsync(CancellationToken cancellationToken) => LookAsync(
        async () => QueueCount.About((await queue.GetPropertiesAsync(cancellationToken)).Value.ApproximateMessagesCountLong), QueueCount.About(0), cancellationToken);

    // The estimate does not tell scheduled ones from due ones; those that can be peeked at are due and in nobody's hands.
    public Task<long?> CountDueAsync(CancellationToken cancellationToken) => LookAsync<long?>(
        async () => (await queue.PeekMessagesAsync(MaxPeeked, cancellationToken)).Value.Length, 0, cancellationToken);

    // The first message makes the queue; before, it is as good as empty.
    private static Task<T> LookAsync<T>(Func<Task<T>> look, T ofNone, CancellationToken cancellationToken) => Service.CallAsync(
        async () =>
        {
            try
            {
                return await look();
            }
            catch (RequestFailedException failure) when (failure.ErrorCode == QueueErrorCode.QueueNotFound)
            {
                return ofNone;
            }
        },
        cancellationToken);

    private Task<SendReceipt> SendAsync(QueueMessage message, CancellationToken cancellationToken) => Service.CallAsync(
        async () =>
        {
            try
            {
                return await SendOnceAsync(message, cancellationToken);
            }
            catch (RequestFailedException failure) when (failure.ErrorCode == QueueErrorCode.QueueNotFound)
            {
                await queue.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
                return await SendOnceAsync(message, cancellationToken);
            }
        },
        cancellationToken);

    private async Task<SendReceipt> SendOnceAsync(QueueMessage message, CancellationToken cancellationToken) =>
        await queue.SendMessageAsync(BinaryData.FromBytes(message.Body), DelayOf(message), Forever, cancellationToken);

    // Whole seconds are all that the service knows. Null: at once.
    private TimeSpan? DelayOf(QueueMessage message) =>
        message.VisibleAt - time.GetUtcNow() is { } delay && delay > TimeSpan.Zero ? TimeSpan.FromSeconds(Math.Ceiling(delay.TotalSeconds)) : null;
}
