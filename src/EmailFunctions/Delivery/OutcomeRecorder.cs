using System.Globalization;
using EmailFunctions.Audit;
using EmailFunctions.Configs;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;
using EmailFunctions.Usage;

namespace EmailFunctions.Delivery;

/// <summary>
/// Writes down what came of an attempt: the ledger row, the usage row and the audit rows in one batch, so that none can be there
/// without the others; then what follows from it (a retry, the payload's removal).
/// </summary>
public sealed partial class OutcomeRecorder(
    IEntityTable table,
    Ledger ledger,
    MessagePayloads payloads,
    DispatchQueue queue,
    RetryPolicy retries,
    RecipientHasher hasher,
    TenantLanes lanes,
    HeldMessages held,
    IProviderAccounts accounts,
    ITenantPolicies policies,
    DeliveryMetrics metrics,
    TimeProvider time,
    ILogger<OutcomeRecorder> logger)
{
    // The ledger row, its two index rows and the limits take the other places, where a message ends as a dead letter.
    private const int MaxRecordsInBatch = EntityLimits.MaxBatchEntities - 4;

    // While the store is down an outcome waits here: given up, the message would be sent a second time. Also beyond the claim's end, since
    // nobody can take the message over while the store is down; and not for longer than the host lets a function run.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(7);
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);

    // Shorter than a sweep leaves a claim that has run out alone: once the store is back, this must be there first.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    /// <summary>Makes sure, before a message is sent, that its outcome can be written down: else it would be sent over and over.</summary>
    /// <exception cref="KeyUnavailableException">The tenant's key for hashing recipients can't be used.</exception>
    public async ValueTask EnsureRecordableAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if ((await policies.GetAsync(tenant, fresh: false, cancellationToken)).LogsAudit)
            await hasher.ForTenantAsync(tenant, cancellationToken);
    }

    /// <summary>Records an attempt on a message that this process has claimed.</summary>
    /// <exception cref="StoreUnavailableException">The store stayed away; the claim will be found abandoned.</exception>
    public async Task RecordAsync(LedgerEntry claimed, Attempt attempt)
    {
        var started = time.GetTimestamp();
        var policy = await PatientlyAsync(claimed, started, () => GetPolicyAsync(claimed));
        var outcome = Outcomes.Of(claimed, attempt, retries, policy.HoldsUnknown, time.GetUtcNow());
        if (await PatientlyAsync(claimed, started, () => TryRecordAsync(claimed, outcome, attempt, policy)) is null)
            return;
        Count(outcome, attempt);
        await FollowAsync(claimed, outcome, attempt, isInLine: GoesInLine(attempt, policy));
    }

    /// <summary>
    /// Records a call that was for some of the recipients, before the next one: if this process dies then, only the rest is sent again.
    /// </summary>
    /// <returns>The row, still claimed; null when the claim was lost.</returns>
    /// <exception cref="StoreUnavailableException">The store stayed away; the claim will be found abandoned.</exception>
    public async Task<LedgerEntry?> RecordPartAsync(LedgerEntry claimed, Attempt attempt)
    {
        var started = time.GetTimestamp();
        var policy = await PatientlyAsync(claimed, started, () => GetPolicyAsync(claimed));
        var now = time.GetUtcNow();
        var outcome = Outcomes.Part(claimed, attempt, now + ClaimPolicy.Lifetime, now);
        if (await PatientlyAsync(claimed, started, () => TryRecordAsync(claimed, outcome, attempt, policy)) is not { } etag)
            return null;
        Count(outcome, attempt);
        return outcome with { ETag = etag };
    }

    /// <summary>Makes a dead letter of a message that has no attempt left; false when its row changed meanwhile.</summary>
    /// <param name="before">The row as it was read.</param>
    /// <param name="entry">The same with what was found out about its last attempt.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task<bool> TryGiveUpAsync(LedgerEntry before, LedgerEntry entry, CancellationToken cancellationToken)
    {
        var unseen = new Attempt(Outcomes.Unseen, Account: null, await payloads.TryReadHeadAsync(entry, cancellationToken), TimeSpan.Zero);
        var outcome = Outcomes.GiveUp(entry, time.GetUtcNow());
        var policy = await policies.GetAsync(entry.Id.Tenant, fresh: false, cancellationToken);
        if (await WriteAsync(before, outcome, unseen, policy) is null)
            return false;
        Count(outcome, unseen);
        NotSent(logger, outcome.Id, outcome.Status, outcome.ErrorCategory, outcome.Attempts);
        return true;
    }

    // Once it is written down, and by whoever wrote it: so once for each message, over all instances.
    private void Count(LedgerEntry outcome, Attempt attempt)
    {
        var provider = ProviderOf(outcome, attempt);
        if (attempt.Taken.Count > 0)
            metrics.Taken(outcome.Id.Tenant, provider, attempt.Taken.Count, CostOf(attempt));
        if (outcome.Status is MessageStatus.Sent or MessageStatus.Failed or MessageStatus.DeadLettered)
            metrics.Ended(outcome.Id.Tenant, provider, QueueNames.Dispatch, outcome.Status == MessageStatus.Sent, outcome.UpdatedAt - outcome.CreatedAt);
        if (outcome.Status == MessageStatus.DeadLettered)
            metrics.DeadLettered();
    }

    private async Task<TenantPolicy> GetPolicyAsync(LedgerEntry entry) =>
        await policies.GetAsync(entry.Id.Tenant, fresh: false, CancellationToken.None);

    private async Task<T> PatientlyAsync<T>(LedgerEntry claimed, long started, Func<Task<T>> act)
    {
        for (var wait = FirstWait; ; wait = wait * 3 < LongestWait ? wait * 3 : LongestWait)
        {
            try
            {
                return await act();
            }
            catch (StoreUnavailableException exception) when (time.GetElapsedTime(started) + wait < Patience)
            {
                RecordDelayed(logger, exception, claimed.Id);
                await Task.Delay(wait, time, CancellationToken.None);
            }
        }
    }

    // The row's new ETag, empty where nobody will need it. Null: the row is no longer ours, so somebody else decides what becomes of the message.
    private async Task<string?> TryRecordAsync(LedgerEntry claimed, LedgerEntry outcome, Attempt attempt, TenantPolicy policy)
    {
        var before = claimed;
        while (true)
        {
            if (await WriteAsync(before, outcome, attempt, policy) is { } etag)
                return etag;
            // The sweep has touched the row, an earlier write took place although it answered an error, or the claim was lost.
            var now = await ledger.GetAsync(claimed.Id, CancellationToken.None);
            if (now is null || now.Attempts != claimed.Attempts || now.ClaimedBy != claimed.ClaimedBy)
            {
                if (now?.Status == outcome.Status && now.Attempts == outcome.Attempts)
                    return "";
                ClaimLost(logger, claimed.Id);
                return null;
            }

            before = now;
        }
    }

    // In one batch, in which the limits join only where they change: the message goes back into line, or gives back what it took, since
    // recipients were refused or it was not sent at all.
    private async Task<string?> WriteAsync(LedgerEntry before, LedgerEntry outcome, Attempt attempt, TenantPolicy policy)
    {
        if (GoesInLine(attempt, policy))
            return await lanes.PutOffAsync(before, outcome, outcome.DueAt, isAlone: attempt.FindsNoPlace) ? "" : null;
        var records = await PrepareAsync(before, outcome, attempt, policy);
        return outcome.Status.IsFinal() && outcome.Unspent is { } unspent
            ? await lanes.ChangeAsync(before, outcome, unspent, records)
            : await ledger.WriteAsync([.. Ledger.Change(before, outcome), .. records], CancellationToken.None);
    }

    // Put off by its provider, a message of a tenant with limits stands in line again, and the line waits with it; put off for want of a place,
    // it stands in line alone.
    private static bool GoesInLine(Attempt attempt, TenantPolicy policy) =>
        policy.Limits.HasAny && !attempt.WaitsAlone && attempt.Result.Status is SendStatus.Throttled or SendStatus.Postponed;

    // The rows that join the ledger's batch. Those that find no place in it are written before it: their keys are the same in
    // a repeat, so they can't become double.
    private async Task<List<EntityWrite>> PrepareAsync(LedgerEntry entry, LedgerEntry outcome, Attempt attempt, TenantPolicy policy)
    {
        var records = await RecordsAsync(entry, outcome, attempt, policy);
        if (records.Count <= MaxRecordsInBatch)
            return records;
        await table.WriteAsync(records[MaxRecordsInBatch..], CancellationToken.None);
        return records[..MaxRecordsInBatch];
    }

    private async Task<List<EntityWrite>> RecordsAsync(LedgerEntry claimed, LedgerEntry outcome, Attempt attempt, TenantPolicy policy)
    {
        var records = new List<EntityWrite>();
        if (policy.LogsUsage && (outcome.Status.IsFinal() || attempt.Taken.Count > 0))
            records.Add(ToUsageRow(claimed, outcome, attempt).ToWrite());
        // Without the content nobody knows whose the message was.
        if (policy.LogsAudit && attempt.Content is { } content)
            records.AddRange(await TryAuditRowsAsync(claimed, outcome, attempt, content));
        return records;
    }

    private static UsageRow ToUsageRow(LedgerEntry claimed, LedgerEntry outcome, Attempt attempt)
    {
        var isPart = !outcome.Status.IsFinal();
        return new UsageRow(
            claimed.Id.Tenant,
            isPart ? string.Create(CultureInfo.InvariantCulture, $"{claimed.Id.Unique}.{outcome.TakenRecipients.Length}") : claimed.Id.Unique,
            outcome.UpdatedAt,
            ProviderOf(outcome, attempt),
            outcome.Status == MessageStatus.Sent,
            attempt.Taken.Count,
            CostOf(attempt),
            attempt.Duration,
            claimed.WasLimited,
            isPart);
    }

    private static decimal CostOf(Attempt attempt) => attempt.Taken.Count * (attempt.Provider?.CostPerEmailUsd ?? 0);

    // Where this attempt did not come to a provider, the one of the last attempt that did.
    private static string ProviderOf(LedgerEntry outcome, Attempt attempt) => attempt.Provider?.Type.Name() ?? outcome.Provider ?? "none";

    // Without the key there is no form in which recipients may be stored. The outcome itself must be written all the same.
    private async Task<IReadOnlyList<EntityWrite>> TryAuditRowsAsync(LedgerEntry claimed, LedgerEntry outcome, Attempt attempt, EmailContent content)
    {
        try
        {
            return await AuditRowsAsync(claimed, outcome, attempt, content);
        }
        catch (KeyUnavailableException exception)
        {
            AuditFailed(logger, exception, claimed.Id);
            return [];
        }
    }

    // One row for each recipient whose outcome is final now; those of earlier calls have theirs.
    private async Task<IReadOnlyList<EntityWrite>> AuditRowsAsync(LedgerEntry claimed, LedgerEntry outcome, Attempt attempt, EmailContent content)
    {
        var taken = attempt.Taken.ToHashSet();
        var recipients = content.Recipients.ToList();
        var settled = claimed.OpenRecipients.Where(index => outcome.Status.IsFinal() || taken.Contains(index) || outcome.RefusedRecipients.Contains(index)).ToList();
        if (settled.Count == 0)
            return [];
        var hash = await hasher.ForTenantAsync(claimed.Id.Tenant, CancellationToken.None);
        return [.. settled.Select(index =>
        {
            var refused = outcome.RefusedRecipients.Contains(index);
            return new AuditRow(
                AuditRow.IdOf(outcome.UpdatedAt, claimed.Id.Unique, index),
                claimed.Id.Tenant,
                hash(recipients[index]),
                TemplateName: null,
                refused ? MessageStatus.Failed.Name() : taken.Contains(index) ? MessageStatus.Sent.Name() : outcome.Status.Name(),
                ProviderOf(outcome, attempt),
                claimed.Id.ToString(),
                refused ? ErrorCategory.Recipient.Name() : taken.Contains(index) ? null : outcome.ErrorCategory,
                claimed.TraceId,
                outcome.UpdatedAt).ToWrite();
        })];
    }

    // The sweep would do both later; a failure here loses nothing.
    private async Task FollowAsync(LedgerEntry claimed, LedgerEntry outcome, Attempt attempt, bool isInLine)
    {
        try
        {
            if (outcome is { IsHeld: true, Reason: Outcomes.ConfigReason })
                await ReleaseIfMendedAsync(outcome.Id, attempt);
            else if (outcome is { Status: MessageStatus.Deferred, IsHeld: false } && !isInLine)
                await queue.EnqueueAsync(outcome.Id, outcome.DueAt, CancellationToken.None);
            else if (outcome.Status is MessageStatus.Sent or MessageStatus.Failed)
                await payloads.RemoveAsync(claimed, CancellationToken.None);
        }
        catch (StoreUnavailableException exception)
        {
            FollowFailed(logger, exception, claimed.Id);
        }

        if (outcome.Status is MessageStatus.Failed or MessageStatus.DeadLettered)
            NotSent(logger, outcome.Id, outcome.Status, outcome.ErrorCategory, outcome.Attempts);
    }

    // The configuration was changed while the message was on its way: what the change released did not hold this one yet.
    private async Task ReleaseIfMendedAsync(MessageId id, Attempt attempt)
    {
        if (attempt.ConfigVersion is { } version
            && await accounts.GetVersionAsync(id.Tenant, CancellationToken.None) != version
            && await ledger.GetAsync(id, CancellationToken.None) is { } entry)
        {
            await held.TryReleaseAsync(entry, CancellationToken.None);
        }
    }

    [LoggerMessage(EventId = 310, Level = LogLevel.Warning, Message = "The outcome of message {MessageId} can't be written yet; trying again.")]
    private static partial void RecordDelayed(ILogger logger, Exception exception, MessageId messageId);

    [LoggerMessage(EventId = 311, Level = LogLevel.Warning, Message = "The row of message {MessageId} was changed by another process before this one wrote the outcome of its attempt.")]
    private static partial void ClaimLost(ILogger logger, MessageId messageId);

    [LoggerMessage(EventId = 312, Level = LogLevel.Warning, Message = "What follows the outcome of message {MessageId} is left to the sweep.")]
    private static partial void FollowFailed(ILogger logger, Exception exception, MessageId messageId);

    [LoggerMessage(EventId = 314, Level = LogLevel.Error, Message = "The audit rows of message {MessageId} can't be written: the tenant's key for hashing recipients can't be used.")]
    private static partial void AuditFailed(ILogger logger, Exception exception, MessageId messageId);

    [LoggerMessage(EventId = 313, Level = LogLevel.Warning, Message = "Message {MessageId} was not sent: {Status}, {ErrorCategory}, after {Attempts} attempts.")]
    private static partial void NotSent(ILogger logger, MessageId messageId, MessageStatus status, string? errorCategory, int attempts);
}
