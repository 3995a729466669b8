using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Simulation;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>The named points of a message's life at which a process may die.</summary>
public enum CrashPoint
{
    /// <summary>The row is written; the process that accepted dies before the copy is on the queue.</summary>
    AfterAccept,

    /// <summary>The write that claims a message took place; its answer never comes.</summary>
    AfterClaim,

    /// <summary>The write that puts a message in line, with its slot, took place; the slot's copy is not on the queue yet.</summary>
    AfterReservation,

    /// <summary>The provider was called and has not taken the message.</summary>
    BeforeAcceptance,

    /// <summary>The provider has taken the message and has not answered.</summary>
    AfterAcceptance,

    /// <summary>The provider has answered; the outcome is about to be written.</summary>
    BeforeOutcome,

    /// <summary>The outcome is written; what follows from it is not done.</summary>
    AfterOutcome,

    /// <summary>All is done but for the copy, which is still on the queue.</summary>
    BeforeAcknowledge,
}

/// <summary>
/// Kills processes of an engine at one point, and notes what was in their hands then: what nobody can know about those messages is
/// exactly what may show in their history and at the provider.
/// </summary>
internal sealed class CrashPlan(CrashPoint point, Random random)
{
    private readonly HashSet<(MessageId Id, int Attempt)> _taken = [];
    private int _countdown = random.Next(1, 4);

    public required SimEngine Engine { get; init; }

    /// <summary>Crashes that are still to come.</summary>
    public int Left { get; set; }

    public int Crashes { get; private set; }

    /// <summary>How often a message was in the hands of a process that died, between its claim and its outcome's write.</summary>
    public Dictionary<MessageId, int> Interrupted { get; } = [];

    /// <summary>Of <see cref="Interrupted"/> how often the provider had taken it by then.</summary>
    public Dictionary<MessageId, int> TakenAndInterrupted { get; } = [];

    /// <summary>How often the provider took a message.</summary>
    public Dictionary<MessageId, int> Taken { get; } = [];

    /// <summary>Notes that the provider takes a message.</summary>
    public void Take(MessageId id)
    {
        Add(Taken, id);
        _taken.Add((id, Engine.Read(id).Attempts));
    }

    /// <summary>A client dies right after it has entered a message.</summary>
    public void CountClient() => Crashes++;

    /// <summary>To be awaited where a process comes to a point: it may never return.</summary>
    public async Task ReachAsync(CrashPoint reached, SimContext process)
    {
        if (reached != point || Left == 0 || process.IsKilled || --_countdown > 0)
            return;
        _countdown = random.Next(1, 4);
        Left--;
        Crashes++;
        foreach (var id in Engine.Accepted)
        {
            if (Engine.Read(id) is not { Status: MessageStatus.Sending } entry || entry.ClaimedBy != process.Name)
                continue;
            Add(Interrupted, id);
            if (_taken.Contains((id, entry.Attempts)))
                Add(TakenAndInterrupted, id);
        }

        process.Kill();
        await process.Pause();
    }

    private static void Add(Dictionary<MessageId, int> counts, MessageId id) => counts[id] = counts.GetValueOrDefault(id) + 1;
}

/// <summary>A process's table that tells a plan what its writes are for.</summary>
internal sealed class CrashTable(IEntityTable inner, Func<CrashPlan> plan, SimContext process) : IEntityTable
{
    public Task<Entity?> GetAsync(EntityKey key, CancellationToken cancellationToken) => inner.GetAsync(key, cancellationToken);

    public Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken) => inner.QueryAsync(query, cancellationToken);

    public async Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken)
    {
        if (writes.Any(IsOutcome))
            await plan().ReachAsync(CrashPoint.BeforeOutcome, process);
        var result = await inner.WriteAsync(writes, cancellationToken);
        if (!result.IsDone)
            return result;
        if (writes.Any(IsClaim))
            await plan().ReachAsync(CrashPoint.AfterClaim, process);
        if (writes.Any(IsReservation))
            await plan().ReachAsync(CrashPoint.AfterReservation, process);
        if (writes.Any(IsOutcome))
            await plan().ReachAsync(CrashPoint.AfterOutcome, process);
        return result;
    }

    private static bool IsOutcome(EntityWrite write) => write.Entity.GetString("status") == MessageStatus.Sent.Name();

    private static bool IsReservation(EntityWrite write) => write.Entity.GetBoolean("waiting") == true;

    // The sweep touches rows that others have claimed.
    private bool IsClaim(EntityWrite write) =>
        write.Entity.GetString("status") == MessageStatus.Sending.Name() && write.Entity.GetString("claimed_by") == process.Name;
}
