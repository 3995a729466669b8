namespace EmailFunctions.TestKit.Protocol;

/// <summary>A counter that can be waited for without polling.</summary>
internal sealed class AwaitableCount
{
    private readonly Lock _gate = new();
    private readonly List<Waiter> _waiters = [];
    private int _value;

    public int Value => Volatile.Read(ref _value);

    public int Add(int delta)
    {
        lock (_gate)
        {
            Set(_value + delta);
            return _value;
        }
    }

    public void Reset()
    {
        lock (_gate)
        {
            Set(0);
        }
    }

    /// <exception cref="TimeoutException">The count did not get there in time.</exception>
    public async Task WaitUntilAsync(Func<int, bool> reached, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(reached);
        lock (_gate)
        {
            if (reached(_value))
            {
                return;
            }

            _waiters.Add(waiter);
        }

        try
        {
            await waiter.Done.Task.WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The count was {Value} after {timeout.TotalSeconds:0.###} s.");
        }
        finally
        {
            lock (_gate)
            {
                _waiters.Remove(waiter);
            }
        }
    }

    private void Set(int value)
    {
        Volatile.Write(ref _value, value);
        foreach (var waiter in _waiters)
        {
            if (waiter.Reached(value))
            {
                // Continuations run elsewhere, so completing inside the lock cannot run foreign code here.
                waiter.Done.TrySetResult();
            }
        }
    }

    private sealed record Waiter(Func<int, bool> Reached)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
