using EmailFunctions.Storage;

namespace EmailFunctions.Spooling;

/// <summary>
/// Bounds what can't be spooled: what is left of bodies without their files and long texts, which is needed as a whole while it is read.
/// It is long where a batch has many messages. Short ones need no room. Long ones get in as long as there is some, and wait in the order
/// in which they came.
/// </summary>
/// <param name="wait">How long a body may wait.</param>
/// <param name="time">The service's time.</param>
public sealed class MemoryRoom(TimeSpan wait, TimeProvider time)
{
    /// <summary>Bytes of a body that needs no room.</summary>
    public const long FreeBytes = 1024 * 1024;

    // Of longer bodies one at a time.
    private const long Capacity = 26_214_400;

    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = [];
    private long _free = Capacity;

    /// <summary>Takes room for a body, until the answer is disposed of.</summary>
    /// <param name="bytes">Its length in bytes.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="StoreUnavailableException">There was none in time.</exception>
    public async ValueTask<IDisposable> TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        if (bytes <= FreeBytes)
            return new Lease(this, 0);
        var waiter = Enter(Math.Min(bytes, Capacity));
        try
        {
            await waiter.Value.Entered.Task.WaitAsync(wait, time, cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // It may have got in at the last moment.
            if (!TryLeave(waiter))
                Free(waiter.Value.Bytes);
            if (exception is TimeoutException)
                throw new StoreUnavailableException("There is no room in memory for another body as long as this one.", exception);
            throw;
        }

        return new Lease(this, waiter.Value.Bytes);
    }

    private LinkedListNode<Waiter> Enter(long bytes)
    {
        lock (_lock)
        {
            var waiter = _waiters.AddLast(new Waiter(bytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
            LetIn();
            return waiter;
        }
    }

    private bool TryLeave(LinkedListNode<Waiter> waiter)
    {
        lock (_lock)
        {
            if (waiter.List is null)
                return false;
            _waiters.Remove(waiter);
            // Those behind it may need less.
            LetIn();
            return true;
        }
    }

    private void Free(long bytes)
    {
        lock (_lock)
        {
            _free += bytes;
            LetIn();
        }
    }

    private void LetIn()
    {
        while (_waiters.First is { } first && first.Value.Bytes <= _free)
        {
            _free -= first.Value.Bytes;
            _waiters.RemoveFirst();
            first.Value.Entered.SetResult();
        }
    }

    private sealed record Waiter(long Bytes, TaskCompletionSource Entered);

    private sealed class Lease(MemoryRoom room, long bytes) : IDisposable
    {
        private long _bytes = bytes;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _bytes, 0) is > 0 and var held)
                room.Free(held);
        }
    }
}
