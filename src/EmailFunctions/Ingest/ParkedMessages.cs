using System.Text;
using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Storage;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;

namespace EmailFunctions.Ingest;

/// <summary>
/// Keeps what producers sent and could not be accepted: a dead letter of the tenant <c>system</c>, since what it says of its tenant
/// is not to be trusted, with the reason and the message as it came. An admin replays it once the reason is mended, or discards it.
/// </summary>
internal sealed partial class ParkedMessages(
    IEntityTable table, Ledger ledger, MessagePayloads payloads, TenantDirectory tenants, RecipientHasher hasher, DeliveryMetrics metrics, TimeProvider time, ILogger<ParkedMessages> logger)
{
    /// <summary>Why it is a dead letter.</summary>
    public const string Reason = "parked";

    private const int MaxExplanation = 2_000;

    /// <summary>Parks a message. Parking it again does nothing.</summary>
    /// <exception cref="KeyUnavailableException">It can't be encrypted, and so not be kept.</exception>
    public async Task ParkAsync(Delivered delivered, Problem problem, CancellationToken cancellationToken)
    {
        await tenants.EnterAsync(TenantId.System, cancellationToken);
        var content = ParkedContent.Encode(delivered);
        var id = await IdOfAsync(content, delivered.Tenant, cancellationToken);
        while (true)
        {
            var before = await ledger.GetAsync(id, cancellationToken);
            // The payload lies under the same name then, and may be in use.
            if (before is { Status: MessageStatus.DeadLettered })
                return;
            var entry = await payloads.AttachAsync(NewEntry(id, delivered, problem), content, cancellationToken);
            // What was discarded, or replayed, and came again is there again.
            var writes = before is null
                ? Ledger.Enter(entry)
                : Ledger.Change(before, (entry with { CreatedAt = before.CreatedAt, History = before.History }).WithHistory(entry.History[0]));
            if (!(await table.WriteAsync([.. writes], cancellationToken)).IsDone)
                continue;
            metrics.DeadLettered();
            Parked(logger, id, problem.Kind);
            return;
        }
    }

    /// <summary>What was parked, as it came. Where it had no name it has this one's, so that it is not accepted twice.</summary>
    /// <exception cref="InvalidDataException">It is gone.</exception>
    public async Task<Delivered> ReadAsync(LedgerEntry parked, CancellationToken cancellationToken)
    {
        var content = await payloads.ReadBytesAsync(parked, cancellationToken);
        var (name, body) = parked.SealedUnder is null ? (parked.ParkedAs ?? "", content) : ParkedContent.Decode(content);
        return new Delivered(body, name.Length > 0 ? name : parked.Id.Unique, parked.TraceParent) { Tenant = parked.ParkedFor };
    }

    private LedgerEntry NewEntry(MessageId id, Delivered delivered, Problem problem)
    {
        var now = time.GetUtcNow();
        return new LedgerEntry
        {
            Id = id,
            Status = MessageStatus.DeadLettered,
            Reason = Reason,
            CreatedAt = now,
            ArrivedAt = now,
            UpdatedAt = now,
            RecipientCount = 0,
            ErrorCategory = "content",
            ProviderAnswer = Explain(problem),
            ParkedAs = "",
            ParkedFor = delivered.Tenant,
            TraceParent = delivered.TraceParent,
            History = [new HistoryEntry(MessageStatus.DeadLettered.Name(), now)],
        };
    }

    // Fields, and what they must be.
    private static string Explain(Problem problem)
    {
        var explanation = problem.Errors is { } errors
            ? string.Join("; ", errors.Select(static error => $"{error.Key} {string.Join(", ", error.Value)}"))
            : $"{problem.Title} {problem.Detail}";
        return explanation.Length <= MaxExplanation ? explanation : explanation[..MaxExplanation];
    }

    // From what came, so that a message which is delivered again is parked once; keyed, so that the id does not tell what it was.
    private async Task<MessageId> IdOfAsync(FileContent content, string? trustedWith, CancellationToken cancellationToken)
    {
        // The same from a producer whom the queue trusts with another tenant is another message.
        var all = trustedWith is null ? content : FileContent.Join([content, FileContent.Of(Encoding.UTF8.GetBytes("\0" + trustedWith))]);
        await using var stream = all.OpenRead();
        var hash = await hasher.HashContentAsync(TenantId.System, stream, cancellationToken);
        return new MessageId(TenantId.System, hash[^64..][..32]);
    }

    [LoggerMessage(EventId = 240, Level = LogLevel.Warning, Message = "A producer's message could not be accepted ({Kind}); it is parked among the dead letters as {MessageId}, with the reason.")]
    private static partial void Parked(ILogger logger, MessageId messageId, string kind);
}
