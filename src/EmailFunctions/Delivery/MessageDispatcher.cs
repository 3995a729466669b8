using EmailFunctions.Configs;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;

namespace EmailFunctions.Delivery;

/// <summary>
/// Dispatches messages:
/// <list type="number">
/// <item>Read the row. What is final, in other hands or not due yet needs nothing from us.</item>
/// <item>Claim it, in one conditional write, together with a slot of its tenant's limits. Where there is none, the same write puts it
/// in line. An abandoned claim of somebody else is written down as <c>unknown</c> with it.</item>
/// <item>Send it through the tenant's provider.</item>
/// <item>Record the outcome.</item>
/// </list>
/// Any number of copies of a reference may arrive, at any number of processes: the claim lets one through. A slot's copy is for
/// whoever is first in line then.
/// </summary>
public sealed class MessageDispatcher(
    Ledger ledger,
    ITenantPolicies policies,
    TenantStates states,
    IProviderAccounts accounts,
    ProviderGates gates,
    TenantLanes lanes,
    MessageSender sender,
    OutcomeRecorder recorder,
    DispatchQueue queue,
    RetryPolicy retries,
    ClaimPolicy claims,
    SlotTiming timing,
    TimeProvider time)
{
    /// <summary>Looks at a message. Returns when nothing more is to be done for this copy of the reference.</summary>
    /// <exception cref="StoreUnavailableException">The store can't be reached; the reference is to be delivered again.</exception>
    public async Task DispatchAsync(MessageId id, CancellationToken cancellationToken)
    {
        if (await TakeTurnAsync(id, cancellationToken) is { } turn)
            await SendAsync(turn, cancellationToken);
    }

    /// <summary>Sends whoever is first in a tenant's line, since a slot has come. Returns when the copy has done what it was for.</summary>
    /// <exception cref="StoreUnavailableException">The store can't be reached; the reference is to be delivered again.</exception>
    public async Task DispatchAsync(SlotReference slot, CancellationToken cancellationToken)
    {
        Turn turn;
        do
            turn = await lanes.TakeSlotAsync(slot, await StoppedUntilAsync(slot.Tenant, cancellationToken));
        while (turn.Kind == TurnKind.Stale);
        if (await VerifiedAsync(turn, cancellationToken) is { Kind: TurnKind.Claimed } claimed)
            await SendAsync(claimed, cancellationToken);
    }

    // Null: there is nothing to be sent now.
    private async Task<Turn?> TakeTurnAsync(MessageId id, CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = await ledger.GetAsync(id, cancellationToken);
            var now = time.GetUtcNow();
            if (entry is null || !NeedsLook(entry, now))
                return null;
            var policy = await policies.GetAsync(id.Tenant, fresh: false, cancellationToken);
            var open = entry.Status == MessageStatus.Sending ? Outcomes.Abandoned(entry, now) : entry;
            if (await TryEndAsync(entry, open, policy, now, cancellationToken) is { } done)
            {
                if (done)
                    return null;
                continue;
            }

            var stop = await StoppedUntilAsync(id.Tenant, cancellationToken);
            // A tenant that has limits is suspended in the lane itself.
            var turn = policy.Limits.HasAny || await states.IsStoppedAsync(id.Tenant, cancellationToken)
                ? await VerifiedAsync(await lanes.ArriveAsync(entry, open, stop), cancellationToken)
                : await ClaimFreelyAsync(entry, open, stop, now, cancellationToken);
            if (turn.Kind != TurnKind.Stale)
                return turn.Kind == TurnKind.Claimed ? turn : null;
        }
    }

    private bool NeedsLook(LedgerEntry entry, DateTimeOffset now) => entry.Status switch
    {
        MessageStatus.Queued => true,
        MessageStatus.Sending => claims.IsAbandoned(entry, now),
        // Whoever stands in line is sent by a slot's copy, and who is held waits for its release, unless it is too late.
        MessageStatus.Deferred => entry.ExpiresAt <= now
            || (!entry.IsHeld && !entry.IsWaiting && (entry.DueAt is null || entry.DueAt <= now + SlotTiming.Early)),
        _ => false,
    };

    // What needs no turn: true when that is done, false when the row has changed meanwhile, null when there is nothing of the kind.
    private async Task<bool?> TryEndAsync(LedgerEntry entry, LedgerEntry open, TenantPolicy policy, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var wasSending = entry.Status == MessageStatus.Sending;
        if (open.ExpiresAt <= now)
            return await lanes.EndAsync(entry, Outcomes.Expire(open, now));
        if (wasSending && policy.HoldsUnknown)
            return await ledger.WriteAsync([.. Ledger.Change(entry, Outcomes.Hold(open, Outcomes.UnknownReason, now))], CancellationToken.None) is not null;
        return wasSending && !retries.MayRetry(open, now) ? await recorder.TryGiveUpAsync(entry, open, cancellationToken) : null;
    }

    // A tenant without limits needs no lane.
    private async Task<Turn> ClaimFreelyAsync(LedgerEntry entry, LedgerEntry open, DateTimeOffset? stop, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var after = stop is { } until
            ? Outcomes.Wait(open, Outcomes.ProviderReason, until, now)
            : claims.Claim(open, now) with { WriteId = Guid.NewGuid().ToString("N") };
        string? etag = null;
        try
        {
            etag = await ledger.WriteAsync([.. Ledger.Change(entry, after)], cancellationToken);
            if (etag is null)
                return Turn.Stale;
        }
        catch (StoreUnavailableException) when (stop is null)
        {
            // Whether it took place, the row says.
        }

        if (stop is null)
            return await VerifiedAsync(new Turn(TurnKind.Claimed, after with { ETag = etag }, now), cancellationToken);
        await queue.EnqueueAsync(entry.Id, after.DueAt, cancellationToken);
        return Turn.Done;
    }

    // A claim whose write was settled by looking has no ETag yet.
    private async Task<Turn> VerifiedAsync(Turn turn, CancellationToken cancellationToken)
    {
        if (turn is not { Kind: TurnKind.Claimed, Entry: { ETag: null } claimed })
            return turn;
        // Given up too soon, a message that was never sent would count as one whose outcome nobody saw.
        var stored = await StoreOutage.OutlastAsync(() => ledger.GetAsync(claimed.Id, cancellationToken), time);
        return stored?.WriteId == claimed.WriteId && stored is { Status: MessageStatus.Sending } ? turn with { Entry = stored } : Turn.Stale;
    }

    private async ValueTask<DateTimeOffset?> StoppedUntilAsync(TenantId tenant, CancellationToken cancellationToken) =>
        gates.StoppedUntil(tenant, await accounts.GetSettingsAsync(tenant, cancellationToken));

    private async Task SendAsync(Turn turn, CancellationToken cancellationToken)
    {
        using var span = MessageSpans.StartProcess(turn.Entry!.TraceParent, turn.Entry.Id.Tenant, turn.Entry.Id.ToString(), QueueNames.Dispatch, turn.Entry.Attempts);
        using var email = await sender.PrepareAsync(turn.Entry, cancellationToken);
        while (true)
        {
            await sender.ChooseAsync(email, turn.Entry!.Id.Tenant, cancellationToken);
            // Where the slot goes by meanwhile, the next one is for whom was found, and not for those before.
            turn = turn with { Entry = turn.Entry with { NextPlace = email.Place } };
            while (!email.IsBegun && await IsTooLateAsync(turn, email, cancellationToken))
            {
                // The time of its slot has passed: others may count on what is after it.
                turn = await TakeAnotherSlotAsync(turn.Entry!, cancellationToken);
                if (turn.Kind != TurnKind.Claimed)
                    return;
            }

            var attempt = await sender.SendAsync(email, turn.Entry!, cancellationToken);
            if (await GoOnAsync(turn.Entry!, email, attempt) is not { } next)
                return;
            turn = turn with { Entry = next };
        }
    }

    // The row with which the attempt goes on, at the next provider or for the next recipients; null: it is over, and written down. Neither
    // is to be cancelled: what a provider has done must be written down.
    private async Task<LedgerEntry?> GoOnAsync(LedgerEntry claimed, PreparedEmail email, Attempt attempt)
    {
        if (email.CanBeSent && attempt.Result.MayGoElsewhere && email.TryGoTo(email.Place + 1, attempt.Result))
            return Outcomes.FailOver(claimed, attempt, email.Place, time.GetUtcNow());
        if (attempt.LetsOthersFollow)
        {
            email.GoOn(attempt);
            return await recorder.RecordPartAsync(claimed, attempt);
        }

        await recorder.RecordAsync(claimed, email.MoreHopeful(attempt));
        return null;
    }

    private async Task<Turn> TakeAnotherSlotAsync(LedgerEntry claimed, CancellationToken cancellationToken)
    {
        for (var entry = claimed; ;)
        {
            var turn = await VerifiedAsync(await lanes.LoseSlotAsync(entry, entry with { Attempts = claimed.Attempts - 1 }), cancellationToken);
            if (turn.Kind != TurnKind.Stale)
                return turn;
            // The sweep has touched the row, or the claim was lost.
            if (await ledger.GetAsync(claimed.Id, cancellationToken) is not { } now || now.WriteId != claimed.WriteId || now.Status != MessageStatus.Sending)
                return Turn.Done;
            entry = now with { NextPlace = claimed.NextPlace };
        }
    }

    // Waits for the slot; true when it has gone by. Without limits any time will do.
    private async Task<bool> IsTooLateAsync(Turn turn, PreparedEmail email, CancellationToken cancellationToken)
    {
        var wait = turn.NotBefore - time.GetUtcNow();
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            // Timers count in whole milliseconds.
            if (time.GetUtcNow() < turn.NotBefore && !cancellationToken.IsCancellationRequested)
                await Task.Delay(TimeSpan.FromMilliseconds(1), time, CancellationToken.None);
        }

        return email.CanBeSent && turn.HasSlot && time.GetUtcNow() - turn.NotBefore >= timing.Grace;
    }
}
