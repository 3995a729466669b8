using System.Collections.Concurrent;

namespace EmailFunctions.TestKit.Protocol;

/// <summary>The open connections and the counts about connections.</summary>
internal sealed class ConnectionTable
{
    private readonly ConcurrentDictionary<int, SmtpConnection> _open = new();
    private readonly Lock _gate = new();
    private readonly List<SmtpSinkConnection> _all = [];
    private readonly Dictionary<string, (int Now, int AtOnce)> _users = new(StringComparer.Ordinal);
    private readonly HashSet<int> _admitted = [];
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
            _all.Add(new(connection.Number, connection.ClientPort, []));
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
                foreach (var user in _all[connection.Number - 1].Users)
                {
                    _users[user] = _users[user] with { Now = _users[user].Now - 1 };
                }

                _admitted.Remove(connection.Number);
                Now.Add(-1);
            }
        }
    }

    /// <summary>Whether one more connection may stay beside those that do.</summary>
    public bool TryAdmit(int number, int limit)
    {
        lock (_gate)
        {
            return _admitted.Count < limit && _admitted.Add(number);
        }
    }

    /// <summary>A connection has authenticated.</summary>
    public void Authenticate(int number, string user)
    {
        lock (_gate)
        {
            _all[number - 1] = _all[number - 1] with { Users = [.. _all[number - 1].Users, user] };
            var (now, atOnce) = _users.GetValueOrDefault(user);
            _users[user] = (now + 1, Math.Max(atOnce, now + 1));
        }
    }

    public IReadOnlyList<SmtpSinkConnection> All()
    {
        lock (_gate)
        {
            return [.. _all];
        }
    }

    public IReadOnlyDictionary<string, int> UsersAtOnce()
    {
        lock (_gate)
        {
            return _users.ToDictionary(pair => pair.Key, pair => pair.Value.AtOnce);
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
