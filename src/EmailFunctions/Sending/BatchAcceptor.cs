using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Sending;

/// <summary>
/// Accepts the messages of a batch, each by itself, in few writes: those of a tenant share table batches, and all share the operations
/// on the queue. It can't be cancelled half-way, so that nothing is accepted without an answer.
/// </summary>
internal sealed partial class BatchAcceptor(
    Drafts drafts, Admission admission, Intake intake, MessageAcceptor single, ILogger<BatchAcceptor> logger)
{
    /// <summary>Settles all items that are not settled yet.</summary>
    public async Task AcceptAsync(IReadOnlyList<BatchItem> items)
    {
        var run = new Run();
        foreach (var ofTenant in items.Where(static item => !item.IsSettled).GroupBy(static item => item.Submission!.Tenant))
            await AcceptAsync([.. ofTenant], run);
        if (run.Entered.Count > 0)
            await intake.HintAsync(run.Entered, CancellationToken.None);
    }

    // A message's row holds at most 48 KiB of content, 64 as base64, and a batch of 100 entities 50 messages at most: that is within 4 MiB.
    private async Task AcceptAsync(List<BatchItem> items, Run run)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var twins = items.Where(item => item.Submission!.IdempotencyKey is { } key && !keys.Add(key)).ToList();
        var together = new List<(BatchItem Item, Draft Draft)>();
        var writes = 0;
        foreach (var item in items.Except(twins))
        {
            if (await PrepareAsync(item, run) is not { } draft)
                continue;
            var more = Intake.CountWrites(draft);
            if (writes + more > EntityLimits.MaxBatchEntities)
            {
                await EnterAsync(together, run);
                (together, writes) = ([], 0);
            }

            together.Add((item, draft));
            writes += more;
        }

        await EnterAsync(together, run);
        // What the first of them brought is there to be found now.
        foreach (var twin in twins)
            await TryAsync([twin], run, async () => twin.MessageId = (await single.AcceptAsync(twin.Submission!, CancellationToken.None)).MessageId);
    }

    // Null: the item is settled.
    private async Task<Draft?> PrepareAsync(BatchItem item, Run run)
    {
        Draft? prepared = null;
        await TryAsync([item], run, async () =>
        {
            var submission = item.Submission!;
            var draft = await drafts.BeginAsync(submission, CancellationToken.None);
            // Whoever was accepted before must not take room a second time.
            var takesRoom = submission.IdempotencyKey is not null && await admission.RefusesAsync(submission.Tenant, CancellationToken.None);
            var first = takesRoom ? await intake.FindFirstAsync(draft, CancellationToken.None) : null;
            if (first is null && await admission.FindRefusalAsync(submission, run.Rooms, CancellationToken.None) is { } refusal)
                first = (takesRoom ? null : await intake.FindFirstAsync(draft, CancellationToken.None)) ?? throw new ProblemException(refusal);
            if (first is not null)
                item.MessageId = draft.Replay(first).MessageId;
            else
                prepared = await drafts.StoreAsync(draft, CancellationToken.None);
        });
        return prepared;
    }

    private Task EnterAsync(List<(BatchItem Item, Draft Draft)> together, Run run) =>
        TryAsync([.. together.Select(static pair => pair.Item)], run, async () =>
        {
            while (together.Count > 0 && !await intake.TryEnterAsync([.. together.Select(static pair => pair.Draft)], CancellationToken.None))
            {
                // One key that was used before refuses all: whoever has one is answered by itself, and the others are written again.
                var firsts = await Task.WhenAll(together.Select(pair => intake.FindFirstAsync(pair.Draft, CancellationToken.None)));
                for (var index = together.Count - 1; index >= 0; index--)
                {
                    if (firsts[index] is not { } first)
                        continue;
                    var (item, draft) = together[index];
                    together.RemoveAt(index);
                    await TryAsync([item], run, async () =>
                    {
                        await drafts.DiscardAsync(draft, CancellationToken.None);
                        item.MessageId = draft.Replay(first).MessageId;
                    });
                }
            }

            foreach (var (item, draft) in together)
                item.MessageId = draft.Accepted.MessageId;
            run.Entered.AddRange(together.Select(static pair => pair.Draft.Entry));
        });

    // Whatever goes wrong is the answer of those items that have none yet.
    private async Task TryAsync(IReadOnlyList<BatchItem> items, Run run, Func<Task> step)
    {
        var problem = run.Outage;
        if (problem is null)
        {
            try
            {
                await step();
                return;
            }
#pragma warning disable CA1031 // What was accepted before must be answered.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                problem = Explain(exception, run);
            }
        }

        foreach (var item in items.Where(static item => !item.IsSettled))
            item.Problem = problem;
    }

    private Problem Explain(Exception exception, Run run)
    {
        switch (exception)
        {
            case ProblemException thrown:
                return thrown.Problem;
            case StoreUnavailableException:
                StoreFailed(logger, exception);
                // The others would wait for the same store in vain.
                return run.Outage = Problem.Unavailable("The data store can't be reached. The message is not known to be accepted; send it again.").Problem;
            case KeyUnavailableException:
                KeyFailed(logger, exception);
                return Problem.Unavailable("The encryption key can't be used.").Problem;
            default:
                ItemFailed(logger, exception);
                return Problem.OfStatus(500);
        }
    }

    [LoggerMessage(EventId = 210, Level = LogLevel.Error, Message = "Messages of a batch were not accepted, since the data store can't be reached.")]
    private static partial void StoreFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 211, Level = LogLevel.Error, Message = "A message of a batch was not accepted, since the encryption key can't be used.")]
    private static partial void KeyFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 212, Level = LogLevel.Error, Message = "Messages of a batch were not accepted.")]
    private static partial void ItemFailed(ILogger logger, Exception exception);

    private sealed class Run
    {
        public Dictionary<TenantId, QuotaRoom> Rooms { get; } = [];

        public List<LedgerEntry> Entered { get; } = [];

        public Problem? Outage { get; set; }
    }
}
