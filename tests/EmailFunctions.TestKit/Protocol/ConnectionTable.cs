using System.Collections.Concurrent;

namespace EmailFunctions.TestKit.Protocol;

/// <summary>The open connections and the counts about connections.</summary>
internal sealed class ConnectionTable
{
    private readonly ConcurrentDictionary<int, SmtpConnection> _open = new();
    private readonly Lock _gate = new();
    private int _lastNumber;
    private int _opened;
    private int _atOnce;

    public AwaitableCount Now { get; } = new();

    public (int Opened, int Now, int AtOnce) Counts
    {
        get
        {
            lock (_gate)
            {
                return (_opened, Now.Value, _atOnce);
            }
        }
    }

    public int NextNumber() => Interlocked.Increment(ref _lastNumber);

    public void Add(SmtpConnection connection)
    {
        _open[connection.Number] = connection;
        lock (_gate)
        {
            _opened++;
            _atOnce = Math.Max(_atOnce, Now.Add(1));
        }
    }

    public void Remove(SmtpConnection connection)
    {
        if (_open.TryRemove(connection.Number, out _))
        {
            lock (_gate)
            {
                Now.Add(-1);
            }
        }
    }

    public void BreakAll()
    {
        foreach (var connection in _open.Values)
        {
            connection.Break();
        }
    }

    public void ClearCounts()
    {
        lock (_gate)
        {
            _opened = 0;
            _atOnce = Now.Value;
        }
    }
}
