using System.Globalization;
using System.Text;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Delivery;

/// <summary>What a copy on the internal queue asks for. It says where to look; the rows say what to do.</summary>
public abstract record DispatchReference(TenantId Tenant)
{
    /// <summary>Longest form: a tenant, a separator and a message's digits or a number.</summary>
    private const int MaxLength = 200;

    /// <summary>Reads a reference; null when it is none.</summary>
    public static DispatchReference? Read(string text)
    {
        if (text.Length > MaxLength)
            return null;
        if (MessageId.TryParse(text, out var id))
            return new MessageReference(id);
        return text.Split(MessageId.Separator) is [var name, var kind, var number]
            && TenantId.TryParse(name, out var tenant) && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var plan)
            ? kind switch
            {
                SlotReference.Kind => new SlotReference(tenant, plan),
                WakeUpReference.Kind => new WakeUpReference(tenant, plan),
                ConfigReference.Kind => new ConfigReference(tenant),
                _ => null,
            }
            : null;
    }

    /// <summary>What is put on the queue.</summary>
    public abstract string Text { get; }

    private protected string Compose(string kind, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{Tenant}{MessageId.Separator}{kind}{MessageId.Separator}{number}");
}

/// <summary>Look at this message.</summary>
public sealed record MessageReference(MessageId Id) : DispatchReference(Id.Tenant)
{
    public override string Text => Id.ToString();
}

/// <summary>A slot of the tenant has come: send whoever is first in its line.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Plan">The plan that it belongs to; it does nothing under another.</param>
public sealed record SlotReference(TenantId Tenant, long Plan) : DispatchReference(Tenant)
{
    public const string Kind = "slot";

    public override string Text => Compose(Kind, Plan);
}

/// <summary>Book the tenant's next slots.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Plan">As for a slot.</param>
public sealed record WakeUpReference(TenantId Tenant, long Plan) : DispatchReference(Tenant)
{
    public const string Kind = "wake";

    public override string Text => Compose(Kind, Plan);
}

/// <summary>The tenant's configuration was changed: plan its line by its new limits, and release what was held for its mistakes.</summary>
public sealed record ConfigReference(TenantId Tenant) : DispatchReference(Tenant)
{
    public const string Kind = "config";

    public override string Text => Compose(Kind, 0);
}

/// <summary>A reference with its time.</summary>
/// <param name="Reference">What to look at.</param>
/// <param name="VisibleAt">When; null: at once.</param>
public sealed record Dispatch(DispatchReference Reference, DateTimeOffset? VisibleAt)
{
    // Stands before the time of a copy that comes before it; no reference holds it.
    private const char Carried = '@';
    private const int MaxBytes = 256;

    /// <summary>Reads what was on the queue; null when it is no reference. It has a time where it came before that.</summary>
    public static Dispatch? Read(ReadOnlySpan<byte> body)
    {
        if (body.Length > MaxBytes)
            return null;
        var parts = Encoding.UTF8.GetString(body).Split(Carried);
        if (DispatchReference.Read(parts[0]) is not { } reference)
            return null;
        return parts switch
        {
            [_] => new Dispatch(reference, VisibleAt: null),
            [_, var time] when long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() =>
                new Dispatch(reference, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)),
            _ => null,
        };
    }

    /// <summary>What is put on a queue that can schedule up to <paramref name="latest"/>: from there on it is carried over.</summary>
    internal QueueMessage ToMessage(DateTimeOffset latest) => VisibleAt > latest
        ? Message(string.Create(CultureInfo.InvariantCulture, $"{Reference.Text}{Carried}{VisibleAt.Value.ToUnixTimeMilliseconds()}"), latest)
        : Message(Reference.Text, VisibleAt);

    private QueueMessage Message(string text, DateTimeOffset? visibleAt) => new(Encoding.UTF8.GetBytes(text), visibleAt, Reference.Tenant.Value);
}

/// <summary>Puts references on the internal queue.</summary>
public sealed class DispatchQueue(IDeliveryQueue queue, IOutbox outbox, TimeProvider time)
{
    private const int MaxBatch = 100;

    /// <exception cref="StoreUnavailableException">It is not known to be on the queue.</exception>
    public Task EnqueueAsync(MessageId id, DateTimeOffset? visibleAt, CancellationToken cancellationToken) =>
        EnqueueAsync([new Dispatch(new MessageReference(id), visibleAt)], cancellationToken);

    /// <summary>
    /// Puts any number on the queue, a hundred in one operation. One whose time is further away than the queue can schedule comes
    /// before it, and is put on the queue again then.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Not all are known to be on the queue.</exception>
    public async Task EnqueueAsync(IReadOnlyList<Dispatch> dispatches, CancellationToken cancellationToken)
    {
        foreach (var chunk in ToMessages(dispatches).Chunk(MaxBatch))
            await queue.EnqueueAsync(chunk, cancellationToken);
    }

    /// <summary>Writes rows, and puts on the queue what tells of them unless they are refused: at once where store and queue are one.</summary>
    /// <param name="writes">The rows.</param>
    /// <param name="dispatches">At most a hundred.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>What became of the rows, and why what tells of those that are written is not known to be on the queue; null: it is.</returns>
    /// <exception cref="StoreUnavailableException">It is not known whether the rows are written.</exception>
    public async Task<(WriteResult Rows, StoreUnavailableException? Failure)> EnterAsync(
        IReadOnlyList<EntityWrite> writes, IReadOnlyList<Dispatch> dispatches, CancellationToken cancellationToken)
    {
        var result = await outbox.WriteAsync(writes, [.. ToMessages(dispatches)], cancellationToken);
        return (result.Rows, result.Failure);
    }

    private IEnumerable<QueueMessage> ToMessages(IEnumerable<Dispatch> dispatches)
    {
        var now = time.GetUtcNow();
        var latest = queue.LongestDelay < DateTimeOffset.MaxValue - now ? now + queue.LongestDelay : DateTimeOffset.MaxValue;
        return dispatches.Select(dispatch => dispatch.ToMessage(latest));
    }

    /// <summary>Whether a copy has come so long before its time that it is put on the queue again.</summary>
    /// <exception cref="StoreUnavailableException">It is not known to be on the queue.</exception>
    internal async Task<bool> TryCarryOverAsync(Dispatch dispatch, CancellationToken cancellationToken)
    {
        if (dispatch.VisibleAt is not { } visibleAt || visibleAt <= time.GetUtcNow() + SlotTiming.Early)
            return false;
        await EnqueueAsync([dispatch], cancellationToken);
        return true;
    }
}
