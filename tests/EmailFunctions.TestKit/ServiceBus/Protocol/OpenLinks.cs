using System.Collections.Concurrent;
using Amqp;
using Amqp.Framing;
using Amqp.Listener;
using Amqp.Types;

namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>The links to queues that are open, with the name of the queue and when they were used last.</summary>
internal sealed class OpenLinks
{
    private readonly ConcurrentDictionary<ListenerLink, (string Entity, DateTimeOffset Used)> _links = new();
    private int _opened;

    public int Count => _links.Count;

    public int Opened => Volatile.Read(ref _opened);

    public void Add(ListenerLink link, string entity)
    {
        Interlocked.Increment(ref _opened);
        _links[link] = (entity, DateTimeOffset.UtcNow);
    }

    public void Touch(ListenerLink link)
    {
        if (_links.TryGetValue(link, out var known))
        {
            _links[link] = known with { Used = DateTimeOffset.UtcNow };
        }
    }

    public void Remove(ListenerLink link) => _links.TryRemove(link, out _);

    /// <summary>Detaches those for which <paramref name="which"/> holds.</summary>
    public void Detach(Func<Connection, string, DateTimeOffset, bool> which, string condition, string description)
    {
        foreach (var (link, (entity, used)) in _links)
        {
            if (which(link.Session.Connection, entity, used))
            {
                Quietly(() => link.Close(TimeSpan.Zero, NewError(condition, description)));
            }
        }
    }

    /// <summary>Ends the sessions, or the connections, of all links.</summary>
    public void End(Func<ListenerLink, AmqpObject> what, string condition, string description)
    {
        foreach (var ended in _links.Keys.Select(what).Distinct())
        {
            Quietly(() => ended.Close(TimeSpan.Zero, NewError(condition, description)));
        }
    }

    public static Error NewError(string condition, string description) => new(new Symbol(condition)) { Description = description };

    // What is ending already can't be ended.
    private static void Quietly(Action close)
    {
        try
        {
            close();
        }
        catch (Exception error) when (error is AmqpException or ObjectDisposedException or TimeoutException)
        {
        }
    }
}
