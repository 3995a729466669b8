using System.Globalization;
using EmailFunctions.Queueing;

namespace EmailFunctions.Tests.Simulation;

/// <summary>
/// A queue in virtual time, by the true clock: at least once, in the order in which messages become visible, to competing consumers.
/// By itself it is at once and never fails; <see cref="SimSender"/> and <see cref="SimWorker"/> are the ways to it that do.
/// </summary>
internal sealed partial class SimQueue(SimLoop loop)
{
    // For the contract's tests, which come from several threads; a simulation has one.
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Message> _messages = [];
    private readonly PriorityQueue<Message, SimDue> _order = new();
    private SimTimer? _alarm;
    private TimeSpan? _alarmAt;
    private List<Action> _waiting = [];
    private long _sequence;
    private long _leases;

    /// <summary>How likely a delivery is followed by another one of the same message, within its lease.</summary>
    public double Duplicates { get; set; }

    /// <summary>Messages that are on the queue, leased and scheduled ones included.</summary>
    public int Count => _messages.Count;

    /// <summary>Enqueue operations that took place.</summary>
    public int Operations { get; private set; }

    /// <summary>Of <see cref="Operations"/> those with a scheduled message among theirs.</summary>
    public int ScheduledOperations { get; private set; }

    /// <summary>Messages that were put on the queue, without what it duplicated.</summary>
    public int Messages { get; private set; }

    /// <summary>Of <see cref="Messages"/> those that were given a time.</summary>
    public int ScheduledMessages { get; private set; }

    public int Deliveries { get; private set; }

    /// <summary>Leases the oldest message that is visible; null when none is.</summary>
    public LeasedMessage? TryReceive(TimeSpan lease)
    {
        lock (_lock)
        {
            if (NextVisible() is not { } at || at > loop.Elapsed)
                return null;
            var message = _order.Dequeue();
            message.Lease = (++_leases).ToString(CultureInfo.InvariantCulture);
            message.Deliveries++;
            Show(message, loop.Elapsed + lease);
            Deliveries++;
            if (Duplicates > 0 && loop.Random.NextDouble() < Duplicates)
                Add(message.Body, loop.Elapsed + (lease * loop.Random.NextDouble()));
            return new LeasedMessage(message.Sequence, message.Lease, message.Deliveries, message.Body);
        }
    }

    public bool Renew(LeasedMessage leased, TimeSpan lease)
    {
        lock (_lock)
        {
            if (Find(leased) is not { } message)
                return false;
            Show(message, loop.Elapsed + lease);
            return true;
        }
    }

    public bool Complete(LeasedMessage leased)
    {
        lock (_lock)
        {
            if (Find(leased) is not { } message)
                return false;
            _messages.Remove(message.Sequence);
            message.VisibleAt = null;
            return true;
        }
    }

    public bool Abandon(LeasedMessage leased, TimeSpan delay)
    {
        lock (_lock)
        {
            if (Find(leased) is not { } message)
                return false;
            message.Lease = null;
            Show(message, loop.Elapsed + delay);
        }

        WakeAll();
        return true;
    }

    /// <summary>Calls back once, when a message may be visible: at once, when one is put on the queue, or when one's time has come.</summary>
    public void WhenVisible(Action wake)
    {
        lock (_lock)
        {
            if (NextVisible() is not { } at || at > loop.Elapsed)
            {
                _waiting.Add(wake);
                SetAlarm();
                return;
            }
        }

        wake();
    }

    private void Add(ReadOnlyMemory<byte> body, TimeSpan visibleAt)
    {
        var message = new Message(++_sequence, body);
        _messages.Add(message.Sequence, message);
        Show(message, visibleAt);
    }

    // Its place until now stays behind, and is void.
    private void Show(Message message, TimeSpan at)
    {
        message.VisibleAt = at;
        _order.Enqueue(message, new SimDue(at, message.Sequence));
    }

    // A lease that ran out is lost even before another delivery.
    private Message? Find(LeasedMessage leased) =>
        _messages.TryGetValue(leased.Sequence, out var message) && message.Lease == leased.Lease && message.VisibleAt > loop.Elapsed ? message : null;

    private TimeSpan? NextVisible()
    {
        while (_order.TryPeek(out var message, out var due))
        {
            if (message.VisibleAt == due.At)
                return due.At;
            _order.Dequeue();
        }

        return null;
    }

    private void SetAlarm()
    {
        var next = NextVisible();
        if (next == _alarmAt)
            return;
        _alarmAt = next;
        _alarm ??= new SimTimer(loop.Main, static queue => ((SimQueue)queue!).WakeAll(), this);
        _alarm.Change(next - loop.Elapsed ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private void WakeAll()
    {
        List<Action> woken;
        lock (_lock)
        {
            (woken, _waiting) = (_waiting, []);
            _alarmAt = null;
            _alarm?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        foreach (var wake in woken)
            wake();
    }

    private sealed class Message(long sequence, ReadOnlyMemory<byte> body)
    {
        public long Sequence => sequence;

        public ReadOnlyMemory<byte> Body => body;

        public string? Lease { get; set; }

        public int Deliveries { get; set; }

        /// <summary>Null when it is gone.</summary>
        public TimeSpan? VisibleAt { get; set; }
    }
}
