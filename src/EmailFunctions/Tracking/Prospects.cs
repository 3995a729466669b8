using EmailFunctions.Configs;
using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Messages;
using EmailFunctions.Tenants;

namespace EmailFunctions.Tracking;

/// <summary>What a message that is not sent yet has to expect.</summary>
/// <param name="NextAttemptAt">About when it is to be sent; null: not known, or never.</param>
/// <param name="Position">How many stand in line before it, up to <see cref="Prospects.MaxPosition"/>; null: it stands in none.</param>
/// <param name="Breaker">The breaker of its provider, while that is not closed.</param>
/// <param name="ProviderBackIn">How long its provider is left alone; null: it is not.</param>
internal sealed record Prospect(DateTimeOffset? NextAttemptAt, int? Position, BreakerView? Breaker, TimeSpan? ProviderBackIn)
{
    /// <summary>That its tenant is suspended; null: it is not, or that makes no difference to the message any more.</summary>
    public SuspensionView? Suspension { get; init; }

    /// <summary>Whether it is the suspension alone that it waits for.</summary>
    public bool IsStopped { get; init; }

    public static Prospect None { get; } = new(null, null, null, null);
}

/// <summary>Finds out why a message is not sent yet, and when it will be.</summary>
internal sealed class Prospects(Ledger ledger, TenantLanes lanes, TenantStates states, ProviderGates gates, IProviderAccounts accounts, TimeProvider time)
{
    /// <summary>A position of this means as many or more.</summary>
    public const int MaxPosition = 1_000;

    public async Task<Prospect> FindAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Status is not (MessageStatus.Queued or MessageStatus.Deferred))
            return Prospect.None;
        var now = time.GetUtcNow();
        if ((await states.FindAsync(entry.Id.Tenant, TenantStates.Sharp, cancellationToken))?.ToSuspension() is { } suspension)
            return Prospect.None with { Suspension = suspension, IsStopped = entry.IsWaiting || entry.Status == MessageStatus.Queued };
        var (state, stop) = gates.StateOf(entry.Id.Tenant, await accounts.GetSettingsAsync(entry.Id.Tenant, cancellationToken));
        var (next, position) = entry.IsWaiting ? await FindInLineAsync(entry, now, cancellationToken) : (entry.DueAt, (int?)null);
        if (next < stop)
            next = stop;
        return new Prospect(
            entry.IsHeld ? null : next,
            position,
            state == "closed" ? null : new BreakerView(state, stop),
            stop - now);
    }

    private async Task<(DateTimeOffset? Next, int? Position)> FindInLineAsync(LedgerEntry entry, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var position = await ledger.CountBeforeAsync(entry, MaxPosition, cancellationToken);
        var limits = await lanes.ReadAsync(entry.Id.Tenant, cancellationToken);
        var slot = limits?.SlotOf(position, now.ToUnixTimeMilliseconds()) is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : entry.DueAt;
        // Further back the position is not known, and what was foreseen when it joined the line is the better guess.
        if (position == MaxPosition && slot < entry.DueAt)
            slot = entry.DueAt;
        return (slot < now ? now : slot, position);
    }
}
