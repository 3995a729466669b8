using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Storage;

namespace EmailFunctions.Sending;

/// <summary>
/// Enters drafts of a tenant: their rows, with the rows of their names, in one durable batch; then hints on the queue. What
/// is durable before the answer is enough to find a message again, should its hint be lost.
/// </summary>
internal sealed partial class Intake(IEntityTable table, Ledger ledger, DispatchQueue queue, ILogger<Intake> logger)
{
    /// <summary>How many entities a draft takes of a batch's.</summary>
    public static int CountWrites(Draft draft) => WritesOf(draft).Count();

    /// <summary>Enters one, with its hint; false: a name of it was used before.</summary>
    /// <exception cref="StoreUnavailableException">It is not known to be entered.</exception>
    public async Task<bool> TryEnterAsync(Draft draft, CancellationToken cancellationToken)
    {
        try
        {
            var (rows, failure) = await queue.EnterAsync([.. WritesOf(draft)], HintsOf([draft.Entry]), cancellationToken);
            if (failure is not null)
                HintsFailed(logger, failure, 1, draft.Entry.Id);
            return IsEntered(rows, [draft]);
        }
        catch (StoreUnavailableException)
        {
            if (!await AreThereAsync([draft], cancellationToken))
                throw;
            // Where the rows are there and the answer was lost, the hint may be lost with it.
            await HintAsync([draft.Entry], cancellationToken);
            return true;
        }
    }

    /// <summary>Enters them all, without hints, or none: then a name of one was used before.</summary>
    /// <exception cref="StoreUnavailableException">They are not known to be entered.</exception>
    public async Task<bool> TryEnterAsync(IReadOnlyList<Draft> drafts, CancellationToken cancellationToken)
    {
        try
        {
            return IsEntered(await table.WriteAsync([.. drafts.SelectMany(WritesOf)], cancellationToken), drafts);
        }
        catch (StoreUnavailableException)
        {
            if (!await AreThereAsync(drafts, cancellationToken))
                throw;
            return true;
        }
    }

    /// <summary>What the draft's names brought before; null: nothing that is still remembered.</summary>
    public async Task<IdempotencyRecord?> FindFirstAsync(Draft draft, CancellationToken cancellationToken)
    {
        foreach (var (key, lifetime) in IdempotencyRows.NamesOf(draft.Submission))
        {
            if (await table.GetAsync(key, cancellationToken) is not { } entity)
                continue;
            var first = IdempotencyRows.Read(entity);
            if (lifetime is null || draft.Entry.CreatedAt - first.AcceptedAt < lifetime)
                return first;
            await table.WriteAsync([EntityWrite.Delete(key, first.ETag)], cancellationToken);
        }

        return null;
    }

    /// <summary>
    /// Puts hints on the queue, for those that are to be sent now or soon. The rows are durable, so the messages are accepted,
    /// whatever becomes of the hints: the sweep puts others on the queue.
    /// </summary>
    public async Task HintAsync(IReadOnlyList<LedgerEntry> entries, CancellationToken cancellationToken)
    {
        var hints = HintsOf(entries);
        try
        {
            await queue.EnqueueAsync(hints, cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            HintsFailed(logger, exception, hints.Count, entries[0].Id);
        }
        catch (OperationCanceledException)
        {
            // The client is gone; its messages are in the ledger all the same.
        }
    }

    private static bool IsEntered(WriteResult result, IReadOnlyList<Draft> drafts) =>
        result.IsDone || drafts.Any(static draft => draft.Submission.HasName) ? result.IsDone : throw new InvalidOperationException("A new message's id was taken.");

    // The answer may be all that got lost. Any of the rows tells.
    private async Task<bool> AreThereAsync(IReadOnlyList<Draft> drafts, CancellationToken cancellationToken) =>
        await ledger.GetAsync(drafts[0].Entry.Id, cancellationToken) is not null;

    private static List<Dispatch> HintsOf(IReadOnlyList<LedgerEntry> entries) =>
        [.. entries.Where(static entry => entry.SweepAt >= entry.DueAt).Select(ToHint)];

    private static Dispatch ToHint(LedgerEntry entry) =>
        new(new MessageReference(entry.Id), entry.Status == MessageStatus.Deferred ? entry.DueAt : null);

    private static IEnumerable<EntityWrite> WritesOf(Draft draft)
    {
        var record = new IdempotencyRecord(draft.Entry.Id.ToString(), draft.BodyHash, draft.Entry.CreatedAt, draft.Wait);
        foreach (var name in IdempotencyRows.NamesOf(draft.Submission))
            yield return IdempotencyRows.Insert(name.Key, record);
        foreach (var write in Ledger.Enter(draft.Entry))
            yield return write;
    }

    [LoggerMessage(EventId = 200, Level = LogLevel.Warning, Message = "{Count} messages, first {MessageId}, were accepted, but the queue can't be reached; the sweep will queue them.")]
    private static partial void HintsFailed(ILogger logger, Exception exception, int count, MessageId messageId);
}
