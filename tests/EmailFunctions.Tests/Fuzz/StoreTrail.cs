using System.Collections.Concurrent;
using System.Text;
using EmailFunctions.Payloads;
using EmailFunctions.Providers;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Fuzz;

/// <summary>What was read, written, queued and sent, a line each.</summary>
internal sealed class StoreTrail
{
    private readonly ConcurrentQueue<string> _lines = new();

    public void Note(string line) => _lines.Enqueue(line);

    /// <summary>All lines since the last time.</summary>
    public List<string> Take()
    {
        var lines = new List<string>();
        while (_lines.TryDequeue(out var line))
            lines.Add(line);
        return lines;
    }
}

internal sealed class TrailedTable(IEntityTable inner, StoreTrail trail) : IEntityTable
{
    public Task<Entity?> GetAsync(EntityKey key, CancellationToken cancellationToken)
    {
        trail.Note($"get {key.Partition}/{key.Row}");
        return inner.GetAsync(key, cancellationToken);
    }

    public Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken)
    {
        foreach (var write in writes)
            trail.Note($"{write.Kind} {write.Entity.Key.Partition}/{write.Entity.Key.Row}");
        return inner.WriteAsync(writes, cancellationToken);
    }

    public async Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken)
    {
        trail.Note($"query {query.Partition}/{query.FromRow}..{query.ToRow}");
        var page = await inner.QueryAsync(query, cancellationToken);
        // What a range happens to hold is read, too.
        foreach (var entity in page.Entities)
            trail.Note($"got {entity.Key.Partition}/{entity.Key.Row}");
        return page;
    }
}

internal sealed class TrailedQueue(StoreTrail trail) : IDeliveryQueue
{
    public TimeSpan LongestDelay => TimeSpan.FromDays(7);

    public Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
    {
        foreach (var message in messages)
            trail.Note($"queue {message.Group} {Encoding.UTF8.GetString(message.Body.Span)}");
        return Task.CompletedTask;
    }
}

internal sealed class TrailedPayloads(IPayloadStore inner, StoreTrail trail) : IPayloadStore
{
    public Task PutAsync(PayloadName name, Stream content, CancellationToken cancellationToken)
    {
        trail.Note($"put {name.Owner}/{name.Id}");
        return inner.PutAsync(name, content, cancellationToken);
    }

    public Task<Stream?> OpenAsync(PayloadName name, CancellationToken cancellationToken)
    {
        trail.Note($"open {name.Owner}/{name.Id}");
        return inner.OpenAsync(name, cancellationToken);
    }

    public Task DeleteAsync(PayloadName name, CancellationToken cancellationToken)
    {
        trail.Note($"delete {name.Owner}/{name.Id}");
        return inner.DeleteAsync(name, cancellationToken);
    }

    // For sweeps, which no caller starts.
    public IAsyncEnumerable<PayloadName> ListAsync(DateTimeOffset before, CancellationToken cancellationToken) => inner.ListAsync(before, cancellationToken);
}

/// <summary>A provider that sends nothing anywhere, and notes through whose account it would have.</summary>
internal sealed class TrailedProvider(ProviderType type, StoreTrail? trail) : IEmailProvider
{
    public ProviderType Type => type;

    public int MaxRecipientsPerCall => int.MaxValue;

    public long? MaxEncodedBytes(ProviderSettings settings) => null;

    public Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        trail?.Note($"send {account.Settings.FromEmail}");
        return Task.FromResult(SendResult.Sent("taken"));
    }

    public Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken)
    {
        trail?.Note($"probe {account.Settings.FromEmail}");
        return Task.FromResult(ProbeResult.Healthy);
    }

    /// <summary>One of each type.</summary>
    public static IEnumerable<TrailedProvider> All(StoreTrail? trail) => Enum.GetValues<ProviderType>().Select(type => new TrailedProvider(type, trail));
}
