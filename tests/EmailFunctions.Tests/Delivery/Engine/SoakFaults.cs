using EmailFunctions.Providers;
using EmailFunctions.Queueing;
using EmailFunctions.Queueing.Sqlite;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>Decides for a share of all calls that they fail: half of them before they do anything, half after.</summary>
internal sealed class SoakFaults(int seed, double share)
{
    private readonly Random _random = new(seed);
    private int _count;

    public bool AreOn { get; set; }

    /// <summary>How many there were.</summary>
    public int Count => _count;

    public TableFault Draw()
    {
        var drawn = Next();
        if (!AreOn || drawn >= share)
            return TableFault.None;
        Interlocked.Increment(ref _count);
        return drawn < share / 2 ? TableFault.Before : TableFault.After;
    }

    public double Next()
    {
        lock (_random)
            return _random.NextDouble();
    }

    public static void ThrowIf(bool isFault)
    {
        if (isFault)
            throw new StoreUnavailableException("The call failed, says the test.");
    }
}

/// <summary>A table whose calls fail now and then.</summary>
internal sealed class SoakTable(IEntityTable inner, SoakFaults faults) : IEntityTable
{
    public Task<Entity?> GetAsync(EntityKey key, CancellationToken cancellationToken)
    {
        SoakFaults.ThrowIf(faults.Draw() != TableFault.None);
        return inner.GetAsync(key, cancellationToken);
    }

    public Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken)
    {
        SoakFaults.ThrowIf(faults.Draw() != TableFault.None);
        return inner.QueryAsync(query, cancellationToken);
    }

    public async Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken)
    {
        var fault = faults.Draw();
        SoakFaults.ThrowIf(fault == TableFault.Before);
        var result = await inner.WriteAsync(writes, cancellationToken);
        SoakFaults.ThrowIf(fault == TableFault.After);
        return result;
    }
}

/// <summary>A queue whose calls fail now and then.</summary>
internal sealed class SoakQueue(SqliteQueue inner, SoakFaults faults) : IDeliveryQueue, IQueueReceiver
{
    public TimeSpan LongestDelay => inner.LongestDelay;

    public Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken) =>
        CallAsync(async () =>
        {
            await inner.EnqueueAsync(messages, cancellationToken);
            return true;
        });

    public Task<IReadOnlyList<LeasedMessage>> ReceiveAsync(int limit, TimeSpan lease, CancellationToken cancellationToken) =>
        CallAsync(() => inner.ReceiveAsync(limit, lease, cancellationToken));

    public Task<bool> RenewAsync(LeasedMessage message, TimeSpan lease, CancellationToken cancellationToken) =>
        CallAsync(() => inner.RenewAsync(message, lease, cancellationToken));

    public Task<int> CompleteAsync(IReadOnlyList<LeasedMessage> messages, CancellationToken cancellationToken) =>
        CallAsync(() => inner.CompleteAsync(messages, cancellationToken));

    public Task<bool> AbandonAsync(LeasedMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        CallAsync(() => inner.AbandonAsync(message, delay, cancellationToken));

    public Task WaitAsync(CancellationToken cancellationToken) => inner.WaitAsync(cancellationToken);

    private async Task<T> CallAsync<T>(Func<Task<T>> call)
    {
        var fault = faults.Draw();
        SoakFaults.ThrowIf(fault == TableFault.Before);
        var result = await call();
        SoakFaults.ThrowIf(fault == TableFault.After);
        return result;
    }
}

/// <summary>A provider that counts what it takes, by the message's subject, and fails now and then in each way there is.</summary>
internal sealed class SoakProvider(int messages, SoakFaults faults) : IEmailProvider
{
    private readonly int[] _taken = new int[messages];
    private int _unseen;

    public ProviderType Type => ProviderType.File;

    /// <summary>How often each message was taken, by its number.</summary>
    public IReadOnlyList<int> Taken => _taken;

    /// <summary>How often a message was taken without a word.</summary>
    public int Unseen => _unseen;

    public async Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (faults.Draw() == TableFault.None)
        {
            Take(email);
            return SendResult.Sent("taken");
        }

        switch ((int)(faults.Next() * 5))
        {
            case 0:
                return SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "451 later");
            case 1:
                return SendResult.Failed(SendStatus.Throttled, ErrorCategory.RateLimited, "452 too much") with { RetryAfter = TimeSpan.FromSeconds(1) };
            case 2:
                return SendResult.Failed(SendStatus.Unknown, ErrorCategory.Network, answer: null);
            case 3:
                Take(email);
                Interlocked.Increment(ref _unseen);
                return SendResult.Failed(SendStatus.Unknown, ErrorCategory.Network, answer: null);
            default:
                throw new InvalidOperationException("The provider's code fails, says the test.");
        }
    }

    public Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken) => Task.FromResult(ProbeResult.Healthy);

    private void Take(OutgoingEmail email) =>
        Interlocked.Increment(ref _taken[int.Parse(email.Content.Subject, System.Globalization.CultureInfo.InvariantCulture)]);
}
