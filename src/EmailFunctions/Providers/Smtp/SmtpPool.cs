using EmailFunctions.Outbound;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace EmailFunctions.Providers.Smtp;

/// <summary>
/// The connections to one account's server: as many as are allowed, the most recently used one first, so that those which are
/// not needed grow old and are closed.
/// </summary>
internal sealed class SmtpPool(ProviderAccount account, SmtpOptions options, OutboundGuard guard, SmtpSizes sizes, SmtpToken? token, TimeProvider time) : IDisposable
{
    private readonly SmtpPlaces _places = new(options.MaxConnections, options.LimitTime, time);
    private readonly Lock _lock = new();
    private readonly List<SmtpConnection> _idle = [];
    private DateTimeOffset _lastUsed = time.GetUtcNow();
    private int _connections;
    private int _established;
    private bool _closed;

    /// <summary>Whether nobody has used the pool for twice the time that a connection is kept, so that nothing is left in it.</summary>
    public bool IsAbandoned
    {
        get
        {
            lock (_lock)
                return _places.IsUnused && time.GetUtcNow() - _lastUsed > options.IdleTime * 2;
        }
    }

    /// <summary>Whether the server has let us in, and still does.</summary>
    public bool HasConnections => Volatile.Read(ref _established) > 0;

    /// <summary>Waits for a place, then takes an idle connection or, if there is none or it must be fresh, opens one. Give it back in any case.</summary>
    /// <exception cref="SmtpFailureException">All places stayed in use.</exception>
    public async Task<SmtpConnection> RentAsync(bool fresh, CancellationToken cancellationToken)
    {
        await WaitAsync(first: false, cancellationToken);
        while (true)
        {
            try
            {
                return TakeIdle(fresh) ?? await OpenCountedAsync(cancellationToken);
            }
            catch (Exception exception)
            {
                // The server takes no more connections than it has of ours: one of those will do.
                if (exception is not SmtpCommandException and not AuthenticationException
                    || SmtpAnswers.RowOf(SmtpAnswer.OfOpening(exception)).Category != ErrorCategory.RateLimited
                    || !_places.TryGiveWay(Volatile.Read(ref _connections)))
                {
                    _places.Release();
                    throw;
                }
            }

            fresh = false;
            await WaitAsync(first: true, cancellationToken);
        }
    }

    /// <summary>Gives a connection back; one that is not <paramref name="healthy"/> is closed.</summary>
    public void Return(SmtpConnection connection, bool healthy)
    {
        if (!healthy || !connection.IsConnected || !TryKeep(connection))
            Drop(connection);
        _places.Release();
    }

    /// <summary>Opens a connection beside the others, for a probe; its caller closes it.</summary>
    public async Task<SmtpConnection> OpenAsync(CancellationToken cancellationToken)
    {
        return token is null ? await ConnectAsync(null, cancellationToken) : await token.UseAsync(ConnectAsync, cancellationToken);
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
            _idle.ForEach(Drop);
            _idle.Clear();
        }
    }

    private async Task<SmtpConnection> OpenCountedAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _connections);
        try
        {
            var connection = await OpenAsync(cancellationToken);
            Interlocked.Increment(ref _established);
            return connection;
        }
        catch
        {
            Interlocked.Decrement(ref _connections);
            throw;
        }
    }

    private void Drop(SmtpConnection connection)
    {
        connection.Dispose();
        Interlocked.Decrement(ref _connections);
        Interlocked.Decrement(ref _established);
    }

    private async Task WaitAsync(bool first, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.WaitTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await _places.TakeAsync(first, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SmtpFailureException(SmtpEvent.Busy, "All connections that the server may have from us are in use.");
        }
    }

    private async Task<SmtpConnection> ConnectAsync(string? accessToken, CancellationToken cancellationToken)
    {
        var connection = await SmtpConnection.OpenAsync(account, accessToken, options, guard, time, cancellationToken);
        sizes.Note(account.Settings, connection.MaxSize);
        return connection;
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
                Drop(connection);
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

    private async Task CloseAsync(SmtpConnection connection)
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
            Drop(connection);
        }
    }

    private bool IsExpired(SmtpConnection connection) => time.GetUtcNow() - connection.IdleSince >= options.IdleTime;
}
