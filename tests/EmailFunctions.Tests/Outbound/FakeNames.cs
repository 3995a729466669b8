using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using EmailFunctions.Outbound;

namespace EmailFunctions.Tests.Outbound;

/// <summary>A name server that says what a test wants; what it was not told of does not exist.</summary>
internal sealed class FakeNames : IHostResolver
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<IPAddress[]>> _answers = new();
    private readonly ConcurrentQueue<string> _asked = [];

    /// <summary>Every name that was asked for, in order.</summary>
    public IReadOnlyList<string> Asked => [.. _asked];

    /// <summary>Has addresses for a name. Given again, they are the next answer; the last one stays.</summary>
    public FakeNames Add(string name, params string[] addresses)
    {
        _answers.GetOrAdd(name, static _ => []).Enqueue([.. addresses.Select(IPAddress.Parse)]);
        return this;
    }

    /// <summary>The names of <see cref="AddressTricks"/>.</summary>
    public static FakeNames OfTricks()
    {
        var names = new FakeNames();
        foreach (var (name, addresses) in AddressTricks.Names)
            names.Add(name, addresses);
        return names;
    }

    public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        _asked.Enqueue(host);
        if (!_answers.TryGetValue(host, out var answers))
            throw new SocketException((int)SocketError.HostNotFound);
        var answer = answers.Count > 1 && answers.TryDequeue(out var next) ? next : answers.First();
        return Task.FromResult<IReadOnlyList<IPAddress>>(answer);
    }
}
