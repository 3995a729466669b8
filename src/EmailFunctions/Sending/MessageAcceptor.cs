using EmailFunctions.Delivery;
using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Sending;

/// <summary>A valid message of a tenant, ready to be accepted.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Content">What it says.</param>
/// <param name="IdempotencyKey">The client's name for this request; null: none.</param>
/// <param name="TraceParent">The request, as W3C trace context.</param>
public sealed record Submission(TenantId Tenant, EmailContent Content, string? IdempotencyKey, string? TraceParent);

/// <summary>What was answered.</summary>
/// <param name="MessageId">The message's id.</param>
/// <param name="AcceptedAt">When it was accepted.</param>
/// <param name="IsReplay">Whether this is the first answer to the same key again.</param>
public sealed record Acceptance(string MessageId, DateTimeOffset AcceptedAt, bool IsReplay);

/// <summary>
/// Accepts a message: its row, with the row of its idempotency key, in one durable batch; then a hint on the queue. What is
/// durable before the answer is enough to find the message again, should the hint be lost.
/// </summary>
public sealed partial class MessageAcceptor(
    IEntityTable table,
    MessagePayloads payloads,
    TenantDirectory tenants,
    DispatchQueue queue,
    RecipientHasher hasher,
    TimeProvider time,
    ILogger<MessageAcceptor> logger)
{
    /// <exception cref="ProblemException">422: the key was used for another message.</exception>
    /// <exception cref="StoreUnavailableException">Nothing is known to be accepted; the client asks again.</exception>
    public async Task<Acceptance> AcceptAsync(Submission submission, CancellationToken cancellationToken)
    {
        var encoded = ContentCodec.Encode(submission.Content);
        await tenants.EnterAsync(submission.Tenant, cancellationToken);
        var hash = submission.IdempotencyKey is null ? "" : await hasher.HashContentAsync(submission.Tenant, encoded, cancellationToken);
        var entry = await payloads.AttachAsync(NewEntry(submission), encoded, cancellationToken);
        if (await WriteAsync(submission, entry, hash, cancellationToken) is { } first)
        {
            await payloads.RemoveAsync(entry, cancellationToken);
            return first.BodyHash == hash
                ? new Acceptance(first.MessageId, first.AcceptedAt, IsReplay: true)
                : throw Problem.KeyReused();
        }

        await HintAsync(entry, cancellationToken);
        return new Acceptance(entry.Id.ToString(), entry.CreatedAt, IsReplay: false);
    }

    private LedgerEntry NewEntry(Submission submission)
    {
        var now = time.GetUtcNow();
        return new LedgerEntry
        {
            Id = MessageId.New(submission.Tenant, now),
            Status = MessageStatus.Queued,
            CreatedAt = now,
            ArrivedAt = now,
            UpdatedAt = now,
            DueAt = now,
            SweepAt = now,
            RecipientCount = submission.Content.RecipientCount,
            TraceParent = submission.TraceParent,
            History = [new HistoryEntry(MessageStatus.Queued.Name(), now)],
        };
    }

    // Null: it was entered. Else what the same key brought before.
    private async Task<IdempotencyRecord?> WriteAsync(
        Submission submission, LedgerEntry entry, string hash, CancellationToken cancellationToken)
    {
        if (submission.IdempotencyKey is null)
        {
            var entered = await table.WriteAsync([.. Ledger.Enter(entry)], cancellationToken);
            return entered.IsDone ? null : throw new InvalidOperationException("A new message's id was taken.");
        }

        var key = IdempotencyRows.KeyOf(submission.Tenant, submission.IdempotencyKey);
        var record = new IdempotencyRecord(entry.Id.ToString(), hash, entry.CreatedAt);
        EntityWrite[] writes = [IdempotencyRows.Insert(key, record), .. Ledger.Enter(entry)];
        while (true)
        {
            if ((await table.WriteAsync(writes, cancellationToken)).IsDone)
                return null;
            if (await table.GetAsync(key, cancellationToken) is not { } entity)
                continue;
            var first = IdempotencyRows.Read(entity);
            if (entry.CreatedAt - first.AcceptedAt < IdempotencyRows.Lifetime)
                return first;
            await table.WriteAsync([EntityWrite.Delete(key, first.ETag)], cancellationToken);
        }
    }

    // The row is durable, so the message is accepted, whatever becomes of the hint: the sweep puts another on the queue.
    private async Task HintAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            await queue.EnqueueAsync(entry.Id, visibleAt: null, cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            HintFailed(logger, exception, entry.Id);
        }
        catch (OperationCanceledException)
        {
            // The client is gone; its message is in the ledger all the same.
        }
    }

    [LoggerMessage(EventId = 200, Level = LogLevel.Warning, Message = "Message {MessageId} was accepted, but the queue can't be reached; the sweep will queue it.")]
    private static partial void HintFailed(ILogger logger, Exception exception, MessageId messageId);
}
