using System.Text;
using EmailFunctions.Delivery;
using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Tenants;

namespace EmailFunctions.Sending;

/// <summary>A message on its way into the ledger.</summary>
/// <param name="Submission">What is to be accepted.</param>
/// <param name="Entry">Its row to be.</param>
/// <param name="Encoded">Its content.</param>
/// <param name="BodyHash">Its hash, by which a repeated name is judged; empty where it has none.</param>
/// <param name="Wait">The wait that is to be announced; null: none.</param>
internal sealed record Draft(Submission Submission, LedgerEntry Entry, FileContent Encoded, string BodyHash, ExpectedWait? Wait)
{
    public Acceptance Accepted => new(Entry.Id.ToString(), Entry.CreatedAt, Wait, IsReplay: false);

    /// <summary>The answer where the same key brought <paramref name="first"/> before.</summary>
    /// <remarks>
    /// Where the tenant's hash key was dropped in between, nobody knows whether it was the same body, and it counts as such: a
    /// message that was asked for twice must not go out twice.
    /// </remarks>
    /// <exception cref="ProblemException">422: with another body.</exception>
    public Acceptance Replay(IdempotencyRecord first) => RecipientHasher.AreOfDifferentContents(first.BodyHash, BodyHash)
        ? throw Problem.KeyReused()
        : new Acceptance(first.MessageId, first.AcceptedAt, first.Wait, IsReplay: true);
}

/// <summary>Makes drafts.</summary>
internal sealed class Drafts(MessagePayloads payloads, TenantDirectory tenants, RecipientHasher hasher, TimeProvider time)
{
    /// <summary>Why a message waits that is to be sent later.</summary>
    public const string SendAtReason = "send_at";

    // What is further away gets its copy on the queue from the sweep, shortly before.
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(10);

    /// <summary>Begins a draft. Its content is not stored yet.</summary>
    public async Task<Draft> BeginAsync(Submission submission, CancellationToken cancellationToken)
    {
        await tenants.EnterAsync(submission.Tenant, cancellationToken);
        var encoded = ContentCodec.Encode(submission.Content);
        var hash = submission.HasName ? await HashAsync(submission, encoded, cancellationToken) : "";
        var entry = NewEntry(submission);
        return new Draft(submission, entry, encoded, hash, entry.Status == MessageStatus.Deferred ? new ExpectedWait(entry.ArrivedAt, Limit: null) : null);
    }

    /// <summary>Puts the content where it belongs; the row may be written after.</summary>
    public async Task<Draft> StoreAsync(Draft draft, CancellationToken cancellationToken) =>
        draft with { Entry = await payloads.AttachAsync(draft.Entry, draft.Encoded, cancellationToken), Encoded = FileContent.Empty };

    /// <summary>The draft is not needed: what was stored of it goes.</summary>
    public Task DiscardAsync(Draft draft, CancellationToken cancellationToken) => payloads.RemoveAsync(draft.Entry, cancellationToken);

    private async Task<string> HashAsync(Submission submission, FileContent encoded, CancellationToken cancellationToken)
    {
        await using var stream = ToHash(submission, encoded).OpenRead();
        return await hasher.HashContentAsync(submission.Tenant, stream, cancellationToken);
    }

    // Options stand behind the content, whose length is within it, so that no content is also another one with options.
    private static FileContent ToHash(Submission submission, FileContent encoded) =>
        submission is { Priority: MessagePriority.Normal, SendAt: null, ExpiresAt: null }
            ? encoded
            : FileContent.Join([encoded, FileContent.Of(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{submission.Priority.Name()} {submission.SendAt?.UtcTicks} {submission.ExpiresAt?.UtcTicks}")))]);

    private LedgerEntry NewEntry(Submission submission)
    {
        var now = time.GetUtcNow();
        var entry = new LedgerEntry
        {
            Id = MessageId.New(submission.Tenant, now),
            Status = MessageStatus.Queued,
            CreatedAt = now,
            ArrivedAt = now,
            UpdatedAt = now,
            DueAt = now,
            SweepAt = now,
            Priority = submission.Priority,
            ExpiresAt = submission.ExpiresAt,
            RecipientCount = submission.Content.RecipientCount,
            TraceParent = submission.TraceParent,
            History = [new HistoryEntry(MessageStatus.Queued.Name(), now)],
        };
        if (submission.SendAt is not { } sendAt || sendAt <= now)
            return entry;
        return Outcomes.Wait(entry, SendAtReason, sendAt, now) with
        {
            ArrivedAt = sendAt,
            SweepAt = sendAt - now > Soon ? sendAt - Ahead : sendAt,
        };
    }
}
