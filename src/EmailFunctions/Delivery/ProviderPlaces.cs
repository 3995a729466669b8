using EmailFunctions.Tenants;

namespace EmailFunctions.Delivery;

/// <summary>How many messages can be at providers at once, in this process.</summary>
/// <param name="Capacity">As many as it has in hand at once.</param>
public sealed record PlaceSettings(int Capacity)
{
    /// <summary>An instance in Azure: <c>maxConcurrentCalls</c> in host.json, which the process is not told. Queues of Storage give up to 24 messages at once, of which 16 at most have a place.</summary>
    public static PlaceSettings Hosted { get; } = new(16);
}

/// <summary>
/// Shares this process's places at providers among the tenants, so that one whose server answers slowly or never does not hold them all.
/// A tenant may hold at most as many as are free: one that is slow gets half of them, two that fill up side by side a third each. That is the rule
/// of dynamic thresholds, with alpha = 1 (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", IEEE/ACM
/// Transactions on Networking 6(2), 1998). One place each tenant gets in any case.
/// <para>
/// Where a tenant has all places that it may have, its next message waits in hand as long as its server is not slow. From then on each is put
/// off for as long as the calls under way have taken already, one after the other at the pace at which they end: while a server hangs a message is
/// put off a few times, each time for longer, and with one that is slow they come back about when there is room.
/// </para>
/// </summary>
public sealed partial class ProviderPlaces(PlaceSettings settings, TimeProvider time, ILogger<ProviderPlaces> logger)
{
    /// <summary>How long calls take by which a server counts as slow; also how long a message waits in hand at most.</summary>
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);

    /// <summary>How far ahead a message is put off at most.</summary>
    public static readonly TimeSpan Horizon = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<TenantId, Share> _shares = [];
    private readonly LinkedList<Waiter> _waiters = [];
    private int _taken;
    private int _mostShares = settings.Capacity;

    /// <summary>Tenants that it knows something about.</summary>
    internal int Tenants
    {
        get
        {
            lock (_lock)
                return _shares.Count;
        }
    }

    /// <summary>Messages that wait in hand for a place.</summary>
    internal int Waiting
    {
        get
        {
            lock (_lock)
                return _waiters.Count;
        }
    }

    /// <summary>Places that nobody holds; below zero where tenants hold their one place beyond the capacity.</summary>
    internal int Free
    {
        get
        {
            lock (_lock)
                return settings.Capacity - _taken;
        }
    }

    /// <summary>
    /// Takes a place for a call of the tenant's provider. Where the tenant may have no more, it waits for one, first come, first served among
    /// all tenants, until its server is slow by what is seen now.
    /// </summary>
    /// <returns>The place, to be given back; null: there is none, and the message is to be put off.</returns>
    internal ValueTask<Place?> EnterAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        LinkedListNode<Waiter> waiter;
        TimeSpan rest;
        lock (_lock)
        {
            var share = ShareOf(tenant);
            if (MayEnter(share))
                return new(Take(share));
            rest = Slow - AgeOf(share);
            if (rest <= TimeSpan.Zero)
                return new((Place?)null);
            waiter = Enqueue(share);
        }

        return WaitAsync(waiter, rest, cancellationToken);
    }

    /// <summary>
    /// Asks, before a message is claimed, whether it would find no place. Then a time is reserved for it at which it is to come again.
    /// </summary>
    /// <param name="tenant">Whose message it is.</param>
    /// <param name="isNew">Whether it was never put off: then it must not take the places of those that were, either.</param>
    /// <param name="earliest">When it comes at the earliest in any case: nothing is reserved before.</param>
    /// <returns>The time; null: it may come now, or at the earliest time.</returns>
    internal DateTimeOffset? TryReserve(TenantId tenant, bool isNew, DateTimeOffset earliest)
    {
        DateTimeOffset at;
        int? told;
        lock (_lock)
        {
            if (!_shares.TryGetValue(tenant, out var share) || AgeOf(share) < Slow)
                return null;
            var now = time.GetUtcNow();
            if (MayEnter(share) && !(isNew && share.Next > now))
                return null;
            at = NextOf(share, now);
            if (at <= earliest)
                return null;
            told = Reserve(share, at, now);
        }

        Tell(tenant, told);
        return at;
    }

    /// <summary>Reserves a time for a message that waited in vain.</summary>
    internal DateTimeOffset Reserve(TenantId tenant)
    {
        DateTimeOffset at;
        int? told;
        lock (_lock)
        {
            var share = ShareOf(tenant);
            var now = time.GetUtcNow();
            at = NextOf(share, now);
            told = Reserve(share, at, now);
        }

        Tell(tenant, told);
        return at;
    }

    private bool MayEnter(Share share) => share.Holders.Count < Math.Max(1, settings.Capacity - _taken);

    private Place Take(Share share)
    {
        _taken++;
        return new Place(this, share, share.Holders.AddLast(time.GetTimestamp()));
    }

    private void Leave(Share share, LinkedListNode<long> holder)
    {
        lock (_lock)
        {
            share.Holders.Remove(holder);
            _taken--;
            for (var node = _waiters.First; node is not null;)
            {
                var waiter = node;
                node = node.Next;
                if (MayEnter(waiter.Value.Share))
                    EndWait(waiter, Take(waiter.Value.Share));
            }

            if (IsIdle(share, time.GetUtcNow()))
                _shares.Remove(share.Tenant);
        }
    }

    private LinkedListNode<Waiter> Enqueue(Share share)
    {
        share.Waiting++;
        return _waiters.AddLast(new Waiter(share));
    }

    private async ValueTask<Place?> WaitAsync(LinkedListNode<Waiter> waiter, TimeSpan longest, CancellationToken cancellationToken)
    {
        await using var timer = time.CreateTimer(_ => GiveUp(waiter), null, longest, Timeout.InfiniteTimeSpan);
        await using var registration = cancellationToken.Register(() => GiveUp(waiter));
        var place = await waiter.Value.Task;
        if (place is null)
            cancellationToken.ThrowIfCancellationRequested();
        return place;
    }

    private void GiveUp(LinkedListNode<Waiter> waiter)
    {
        lock (_lock)
        {
            if (waiter.List is not null)
                EndWait(waiter, place: null);
        }
    }

    private void EndWait(LinkedListNode<Waiter> waiter, Place? place)
    {
        _waiters.Remove(waiter);
        waiter.Value.Share.Waiting--;
        waiter.Value.SetResult(place);
    }

    // More than a quarter of its places were taken so long ago. The oldest alone says nothing where there are many: one call that
    // hangs beside quick ones is no slow server.
    private TimeSpan AgeOf(Share share)
    {
        var holder = share.Holders.First;
        for (var older = share.Holders.Count / 4; older > 0; older--)
            holder = holder!.Next;
        return holder is null ? TimeSpan.Zero : time.GetElapsedTime(holder.Value);
    }

    // What has been under way for so long will take as long again, as far as one can tell.
    private DateTimeOffset NextOf(Share share, DateTimeOffset now)
    {
        var age = Clamp(AgeOf(share));
        var (next, first, last) = (share.Next + (age / Math.Max(1, share.Holders.Count)), now + age, now + Horizon);
        next = next > first ? next : first;
        return next < last ? next : last;
    }

    // How many places the tenant holds, where it is to be told.
    private static int? Reserve(Share share, DateTimeOffset at, DateTimeOffset now)
    {
        share.Next = at;
        if (share.SilentUntil > now)
            return null;
        share.SilentUntil = now + Silence;
        return share.Holders.Count;
    }

    private void Tell(TenantId tenant, int? held)
    {
        if (held is { } places)
            PutsOff(logger, tenant, places, settings.Capacity);
    }

    private Share ShareOf(TenantId tenant)
    {
        if (_shares.TryGetValue(tenant, out var share))
            return share;
        if (_shares.Count >= _mostShares)
            Forget();
        _shares.Add(tenant, share = new Share(tenant));
        return share;
    }

    // As many as there are places, and those that were put off within the horizon; looked through when they have doubled.
    private void Forget()
    {
        var now = time.GetUtcNow();
        foreach (var share in _shares.Values.Where(share => IsIdle(share, now)).ToList())
            _shares.Remove(share.Tenant);
        _mostShares = Math.Max(settings.Capacity, 2 * _shares.Count);
    }

    private static bool IsIdle(Share share, DateTimeOffset now) =>
        share.Holders.Count == 0 && share.Waiting == 0 && share.Next <= now && share.SilentUntil <= now;

    private static TimeSpan Clamp(TimeSpan age) => age < ShortestWait ? ShortestWait : age > LongestWait ? LongestWait : age;

    [LoggerMessage(EventId = 303, Level = LogLevel.Warning, Message = "The provider of tenant {TenantId} is slow: {Held} of {Capacity} places are held by its mail, and the rest of it is put off.")]
    private static partial void PutsOff(ILogger logger, TenantId tenantId, int held, int capacity);

    /// <summary>What a tenant has.</summary>
    internal sealed class Share(TenantId tenant)
    {
        public TenantId Tenant => tenant;

        /// <summary>When its places were taken, the oldest first.</summary>
        public LinkedList<long> Holders { get; } = [];

        public int Waiting { get; set; }

        /// <summary>The last time that was reserved.</summary>
        public DateTimeOffset Next { get; set; }

        /// <summary>Until when nothing more is said about it.</summary>
        public DateTimeOffset SilentUntil { get; set; }
    }

    /// <summary>A place at a provider; it is given back once, whatever else is called.</summary>
    internal sealed class Place(ProviderPlaces places, Share share, LinkedListNode<long> holder) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
                places.Leave(share, holder);
        }
    }

    // Whoever lets it in must not run what it does then, within the lock.
    private sealed class Waiter(Share share) : TaskCompletionSource<Place?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public Share Share => share;
    }
}

/// <summary>The time that one copy of a reference reserves, if its tenant's places are full: once, however often its row is looked at.</summary>
/// <param name="places">Where.</param>
/// <param name="tenant">Whose message it is.</param>
/// <param name="isNew">Whether it was never put off.</param>
internal sealed class PlaceReservation(ProviderPlaces places, TenantId tenant, bool isNew)
{
    private DateTimeOffset? _time;

    /// <summary>Until when there is no place; null: there may be one by the earliest time at which it is looked for.</summary>
    public DateTimeOffset? FullUntil(DateTimeOffset earliest = default) => _time ??= places.TryReserve(tenant, isNew, earliest);
}
