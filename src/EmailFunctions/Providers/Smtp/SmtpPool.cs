using System.Collections.Concurrent;

namespace EmailFunctions.Providers.Smtp;

/// <summary>
/// The connections to one account's server: as many as are allowed, the most recently used one first, so that those which are
/// not needed grow old and are closed.
/// </summary>
internal sealed class SmtpPool(ProviderAccount account, SmtpOptions options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _places = new(options.MaxConnections, options.MaxConnections);
    private readonly ConcurrentStack<SmtpConnection> _idle = new();
    private volatile bool _closed;

    /// <summary>When the pool was last used, for whoever removes pools that are not.</summary>
    public DateTimeOffset LastUsed { get; private set; } = time.GetUtcNow();

    /// <summary>Waits for a place, then takes an idle connection or opens one. Give it back in any case.</summary>
    public async Task<SmtpConnection> RentAsync(bool fresh, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            LastUsed = time.GetUtcNow();
            while (!fresh && _idle.TryPop(out var idle))
            {
                if (idle.IsConnected && !IsExpired(idle))
                    return idle;
                idle.Dispose();
            }

            return await OpenAsync(cancellationToken);
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
        connection.IdleSince = LastUsed = time.GetUtcNow();
        if (healthy && connection.IsConnected && !_closed)
            _idle.Push(connection);
        else
            connection.Dispose();
        _places.Release();
        if (_closed)
            Dispose();
    }

    /// <summary>Says good-bye on connections that were not used for the allowed time.</summary>
    public async Task CloseIdleAsync()
    {
        var keep = new Stack<SmtpConnection>();
        while (_idle.TryPop(out var connection))
        {
            if (IsExpired(connection))
                await CloseAsync(connection);
            else
                keep.Push(connection);
        }

        while (keep.TryPop(out var connection))
            _idle.Push(connection);
    }

    /// <summary>Closes what is idle now, and what is in use when it comes back.</summary>
    public void Dispose()
    {
        _closed = true;
        while (_idle.TryPop(out var connection))
            connection.Dispose();
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
