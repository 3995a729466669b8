using EmailFunctions.Delivery;
using EmailFunctions.Ingest;
using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Storage;

namespace EmailFunctions.DeadLetters;

/// <summary>
/// Sends dead letters again, or discards them. Each change is a conditional write of the message's row, so of two that want the
/// same letter one gets it; what is sent again is queued like any other message, and so keeps its tenant's limits.
/// </summary>
internal sealed partial class DeadLetterActions(
    DeadLetterReader reader,
    Ledger ledger,
    MessagePayloads payloads,
    ParkedReplay parked,
    DispatchQueue queue,
    TimeProvider time,
    ILogger<DeadLetterActions> logger)
{
    /// <summary>Sends one again; returns the id of the message that is queued, which is another where it had never been accepted.</summary>
    /// <exception cref="ProblemException">404: there is no such message; 409: it is no dead letter; others: it still can't be accepted.</exception>
    public async Task<MessageId> ReplayAsync(MessageId id, CancellationToken cancellationToken)
    {
        if (await ledger.GetAsync(id, cancellationToken) is { Status: MessageStatus.DeadLettered, IsParked: true } entry)
            return await AcceptAsync(entry, cancellationToken);
        var (_, replayed) = await ChangeAsync(id, DeadLetterEnds.Replay, cancellationToken);
        await HintAsync([replayed], cancellationToken);
        return replayed.Id;
    }

    /// <summary>Sends the first that are found again, at most as many as asked for; counts them.</summary>
    public async Task<(int Replayed, DeadLetterCursor? Next)> ReplayAsync(
        DeadLetterFilter filter, DeadLetterCursor? cursor, int limit, CancellationToken cancellationToken)
    {
        var page = await reader.ReadAsync(filter, cursor, limit, cancellationToken);
        var accepted = 0;
        var replayed = new List<LedgerEntry>(page.Entries.Count);
        foreach (var entry in page.Entries)
        {
            if (entry.IsParked)
            {
                accepted += await TryAcceptAsync(entry, cancellationToken) ? 1 : 0;
                continue;
            }

            var after = DeadLetterEnds.Replay(entry, time.GetUtcNow());
            // Not written: somebody else has replayed or discarded it meanwhile.
            if (await ledger.WriteAsync([.. Ledger.Change(entry, after)], cancellationToken) is not null)
                replayed.Add(after);
        }

        await HintAsync(replayed, cancellationToken);
        return (replayed.Count + accepted, page.Next);
    }

    // What still can't be accepted stays where it is.
    private async Task<bool> TryAcceptAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            await AcceptAsync(entry, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is ProblemException or KeyUnavailableException { IsLasting: true })
        {
            return false;
        }
    }

    /// <summary>Ends one without sending it, and removes its content.</summary>
    /// <exception cref="ProblemException">As of a replay.</exception>
    public async Task DiscardAsync(MessageId id, CancellationToken cancellationToken)
    {
        var (before, _) = await ChangeAsync(id, static (entry, now) => DeadLetterEnds.Fail(entry, DeadLetterEnds.DiscardedReason, now), cancellationToken);
        await RemovePayloadAsync(before, cancellationToken);
    }

    private async Task<MessageId> AcceptAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        var id = await parked.AcceptAsync(entry, cancellationToken);
        // Not written: another replay was as quick, and the message's name lets it in only once.
        if (await ledger.WriteAsync([.. Ledger.Change(entry, DeadLetterEnds.Fail(entry, DeadLetterEnds.ReplayedReason, time.GetUtcNow()))], cancellationToken) is not null)
            await RemovePayloadAsync(entry, cancellationToken);
        return id;
    }

    private async Task RemovePayloadAsync(LedgerEntry ended, CancellationToken cancellationToken)
    {
        try
        {
            await payloads.RemoveAsync(ended, cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            PayloadLeft(logger, exception, ended.Id);
        }
    }

    private async Task<(LedgerEntry Before, LedgerEntry After)> ChangeAsync(
        MessageId id, Func<LedgerEntry, DateTimeOffset, LedgerEntry> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = await ledger.GetAsync(id, cancellationToken) ?? throw Problem.NotFound("There is no message with this id.");
            if (entry.Status != MessageStatus.DeadLettered)
                throw Problem.Conflict($"Only a dead letter can be replayed or discarded, and this message is {entry.Status.Name()}.");
            var after = change(entry, time.GetUtcNow());
            if (await ledger.WriteAsync([.. Ledger.Change(entry, after)], cancellationToken) is not null)
                return (entry, after);
        }
    }

    // The rows are durable, so the messages are queued, whatever becomes of the hints: the sweep puts others on the queue.
    private async Task HintAsync(List<LedgerEntry> replayed, CancellationToken cancellationToken)
    {
        try
        {
            await queue.EnqueueAsync([.. replayed.Select(static entry => new Dispatch(new MessageReference(entry.Id), VisibleAt: null))], cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            HintsFailed(logger, exception, replayed.Count);
        }
    }

    [LoggerMessage(EventId = 400, Level = LogLevel.Warning, Message = "{Count} dead letters were replayed, but the queue can't be reached; the sweep will queue them.")]
    private static partial void HintsFailed(ILogger logger, Exception exception, int count);

    [LoggerMessage(EventId = 401, Level = LogLevel.Warning, Message = "The payload of the dead letter {MessageId}, which has ended, is left to the sweep.")]
    private static partial void PayloadLeft(ILogger logger, Exception exception, MessageId messageId);
}
