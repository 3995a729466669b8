namespace EmailFunctions.Providers.Smtp;

/// <summary>
/// The connections to one account's server: as many as are allowed, the most recently used one first, so that those which are
/// not needed grow old and are closed.
/// </summary>
internal sealed class SmtpPool(ProviderAccount account, SmtpOptions options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _places = new(options.MaxConnections, options.MaxConnections);
    private readonly Lock _lock = new();
    private readonly List<SmtpConnection> _idle = [];
    private DateTimeOffset _lastUsed = time.GetUtcNow();
    private bool _closed;

    /// <summary>Whether nobody has used the pool for twice the time that a connection is kept, so that nothing is left in it.</summary>
    public bool IsAbandoned
    {
        get
        {
            lock (_lock)
                return _places.CurrentCount == options.MaxConnections && time.GetUtcNow() - _lastUsed > options.IdleTime * 2;
        }
    }

    /// <summary>Waits for a place, then takes an idle connection or, if there is none or it must be fresh, opens one. Give it back in any case.</summary>
    public async Task<SmtpConnection> RentAsync(bool fresh, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return TakeIdle(fresh) ?? await OpenAsync(cancellationToken);
        }
        catch
        {
            _places.Release();
            throw;
        }
    }

    /// <summary>Gives a connection back; one that is not <paramref name="healthy"/> is closed.</summary>
    public void Return(SmtpConnection connection, bool healthy)
    {
        if (!healthy || !connection.IsConnected || !TryKeep(connection))
            connection.Dispose();
        _places.Release();
    }

    /// <summary>Says good-bye on connections that were not used for the allowed time.</summary>
    public async Task CloseIdleAsync()
    {
        List<SmtpConnection> expired;
        lock (_lock)
        {
            expired = _idle.FindAll(IsExpired);
            _idle.RemoveAll(IsExpired);
        }

        foreach (var connection in expired)
            await CloseAsync(connection);
    }

    /// <summary>Closes what is idle now, and what is in use when it comes back.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            _idle.ForEach(static connection => connection.Dispose());
            _idle.Clear();
        }
    }

    // When a fresh one is wanted, a kept one was found dead. The others are no better, and with them the fresh one would be one too many.
    private SmtpConnection? TakeIdle(bool fresh)
    {
        lock (_lock)
        {
            _lastUsed = time.GetUtcNow();
            while (_idle.Count > 0)
            {
                var connection = _idle[^1];
                _idle.RemoveAt(_idle.Count - 1);
                if (!fresh && connection.IsConnected && !IsExpired(connection))
                    return connection;
                connection.Dispose();
            }

            return null;
        }
    }

    private bool TryKeep(SmtpConnection connection)
    {
        lock (_lock)
        {
            connection.IdleSince = _lastUsed = time.GetUtcNow();
            if (!_closed)
                _idle.Add(connection);
            return !_closed;
        }
    }

    private static async Task CloseAsync(SmtpConnection connection)
    {
        try
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await connection.DisconnectAsync(quit: true, soon.Token);
        }
#pragma warning disable CA1031 // A good-bye that fails leaves nothing to mend.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
        finally
        {
            connection.Dispose();
        }
    }

    private bool IsExpired(SmtpConnection connection) => time.GetUtcNow() - connection.IdleSince >= options.IdleTime;

    private async Task<SmtpConnection> OpenAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await SmtpConnection.OpenAsync(account, options, either.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("The server did not let us in within the time allowed.");
        }
    }
}
