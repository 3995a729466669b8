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
/// in line. An abandoned claim of somebody else is written down as <c>unknown</c> with it. Where the tenant's mail holds all places that it may have
/// at providers, and its server is slow, the message is put off instead.</item>
/// <item>Send it through the tenant's provider, once there is a place.</item>
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
    ProviderPlaces places,
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
        var reservation = new PlaceReservation(places, slot.Tenant, isNew: false);
        Turn turn;
        do
            turn = await lanes.TakeSlotAsync(slot, await StoppedUntilAsync(slot.Tenant, cancellationToken), reservation);
        while (turn.Kind == TurnKind.Stale);
        if (await VerifiedAsync(turn, cancellationToken) is { Kind: TurnKind.Claimed } claimed)
            await SendAsync(claimed, cancellationToken);
    }

    // Null: there is nothing to be sent now.
    private async Task<Turn?> TakeTurnAsync(MessageId id, CancellationToken cancellationToken)
    {
        PlaceReservation? reservation = null;
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
            reservation ??= new PlaceReservation(places, id.Tenant, isNew: entry.Reason != Outcomes.ProviderReason);
            // A tenant that has limits is suspended in the lane itself.
            var turn = policy.Limits.HasAny || await states.IsStoppedAsync(id.Tenant, cancellationToken)
                ? await VerifiedAsync(await lanes.ArriveAsync(entry, open, stop, reservation), cancellationToken)
                : await ClaimFreelyAsync(entry, open, stop ?? reservation.FullUntil(), now, cancellationToken);
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
            if (await TryAttemptAsync(turn, email, cancellationToken) is not ({ } claimed, { } attempt))
                return;
            turn = claimed with { IsSpent = true };
            if (await GoOnAsync(turn.Entry!, email, attempt) is not { } next)
                return;
            turn = turn with { Entry = next };
        }
    }

    // Calls the provider once both the slot and a place there have come. Where the slot has gone by meanwhile, others may count on what is
    // after it: the message takes another one, and keeps its place if that slot has come, too. Null: the claim was lost, or is given back.
    private async Task<(Turn Turn, Attempt Attempt)?> TryAttemptAsync(Turn turn, PreparedEmail email, CancellationToken cancellationToken)
    {
        IDisposable? place = null;
        try
        {
            while (true)
            {
                await WaitForSlotAsync(turn, cancellationToken);
                var isSpent = turn.IsSpent || IsTooLate(turn, email);
                place ??= await sender.EnterAsync(email, turn.Entry!.Id.Tenant, cancellationToken);
                if (email.IsBegun || !IsTooLate(turn, email))
                    return (turn, await sender.SendAsync(email, turn.Entry!, cancellationToken));
                turn = await TakeAnotherSlotAsync(turn with { IsSpent = isSpent }, cancellationToken);
                if (turn.Kind != TurnKind.Claimed)
                    return null;
                if (turn.NotBefore > time.GetUtcNow())
                {
                    place?.Dispose();
                    place = null;
                }
            }
        }
        finally
        {
            place?.Dispose();
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

    private async Task<Turn> TakeAnotherSlotAsync(Turn lost, CancellationToken cancellationToken)
    {
        var claimed = lost.Entry!;
        for (var entry = claimed; ;)
        {
            var turn = await VerifiedAsync(await lanes.LoseSlotAsync(entry, entry with { Attempts = claimed.Attempts - 1 }, lost), cancellationToken);
            if (turn.Kind != TurnKind.Stale)
                return turn;
            // The sweep has touched the row, or the claim was lost.
            if (await ledger.GetAsync(claimed.Id, cancellationToken) is not { } now || now.WriteId != claimed.WriteId || now.Status != MessageStatus.Sending)
                return Turn.Done;
            entry = now with { NextPlace = claimed.NextPlace };
        }
    }

    private async Task WaitForSlotAsync(Turn turn, CancellationToken cancellationToken)
    {
        var wait = turn.NotBefore - time.GetUtcNow();
        if (wait <= TimeSpan.Zero)
            return;
        await Task.Delay(wait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        // Timers count in whole milliseconds.
        if (time.GetUtcNow() < turn.NotBefore && !cancellationToken.IsCancellationRequested)
            await Task.Delay(TimeSpan.FromMilliseconds(1), time, CancellationToken.None);
    }

    // Without limits any time will do.
    private bool IsTooLate(Turn turn, PreparedEmail email) => email.CanBeSent && turn.HasSlot && time.GetUtcNow() - turn.NotBefore >= timing.Grace;
}
