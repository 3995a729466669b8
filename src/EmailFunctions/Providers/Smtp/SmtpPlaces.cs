namespace EmailFunctions.Providers.Smtp;

/// <summary>
/// How many connections a pool may have in use: at most the allowed number, and fewer for a while after the server refused one more
/// than those it had. Who waits is served in turn.
/// </summary>
internal sealed class SmtpPlaces(int max, TimeSpan limitTime, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private int _taken;

    // Of those allowed, how many the server does not grant.
    private int _withheld;
    private DateTimeOffset _growsAt;

    /// <summary>Whether nobody has a place or waits for one.</summary>
    public bool IsUnused
    {
        get
        {
            lock (_lock)
                return _taken == 0 && _waiting.Count == 0;
        }
    }

    /// <summary>Waits for a place. Give it back in any case.</summary>
    /// <param name="first">Before those who wait already.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task TakeAsync(bool first, CancellationToken cancellationToken)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (first)
                _waiting.AddFirst(mine);
            else
                _waiting.AddLast(mine);
            Serve();
        }

        // Whichever comes first decides: a place that was given is not lost by a late cancellation.
        await using var cancelling = cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), mine);
        await mine.Task;
    }

    /// <summary>Gives a place back.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _taken--;
            Serve();
        }
    }

    /// <summary>
    /// Gives a place back that the server had no connection for. True: others have one, and theirs will be free again. False: there are
    /// none to wait for, and the place is kept.
    /// </summary>
    /// <param name="others">The connections that there are, or are being made, without the refused one.</param>
    public bool TryGiveWay(int others)
    {
        lock (_lock)
        {
            if (others == 0)
                return false;
            _taken--;
            _withheld = Math.Max(_withheld, max - others);
            _growsAt = time.GetUtcNow() + limitTime;
            return true;
        }
    }

    private void Serve()
    {
        if (_withheld > 0 && time.GetUtcNow() >= _growsAt)
        {
            _withheld--;
            _growsAt = time.GetUtcNow() + limitTime;
        }

        while (_taken < max - _withheld && _waiting.First is { } next)
        {
            _waiting.RemoveFirst();
            // Those who gave up are still in line.
            if (next.Value.TrySetResult())
                _taken++;
        }
    }
}
