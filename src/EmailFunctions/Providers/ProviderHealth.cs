using System.Collections.Concurrent;
using EmailFunctions.Tenants;

namespace EmailFunctions.Providers;

/// <summary>A provider as one tenant sends through it.</summary>
/// <param name="Tenant">For whom it sends.</param>
/// <param name="Type">Which it is.</param>
/// <param name="Owner">Whose configuration it is of.</param>
/// <param name="Place">0: the first of that configuration; 1 and more: its fallbacks.</param>
internal readonly record struct ProviderSeat(TenantId Tenant, ProviderType Type, TenantId Owner, int Place);

/// <summary>What a probe or real mail told of a provider, and when.</summary>
internal sealed record HealthSign(bool IsHealthy, DateTimeOffset At);

/// <summary>
/// What this process knows last of each tenant's providers, from probes and from real mail; <see cref="ProviderHealthGauge"/> brings it together
/// with what others know.
/// </summary>
public sealed class ProviderHealth(TimeProvider time)
{
    /// <summary>Older knowledge is none: whoever sends seldom should not be shown as broken for days.</summary>
    internal static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<ProviderSeat, HealthSign> _known = new();

    /// <summary>Real mail was sent, or not. What says nothing about the provider changes nothing.</summary>
    public void Note(TenantId tenant, ProviderAccount account, SendResult result)
    {
        if (result.Status == SendStatus.Sent)
            Set(tenant, account, isHealthy: true);
        // Postponed: the provider was not asked.
        else if (result.MayGoElsewhere && result.Status != SendStatus.Postponed)
            Set(tenant, account, isHealthy: false);
    }

    /// <summary>The provider was probed.</summary>
    public void Note(TenantId tenant, ProviderAccount account, ProbeResult result)
    {
        if (result.Status != ProbeStatus.Limited)
            Set(tenant, account, result.IsHealthy);
    }

    /// <summary>Whether the provider is thought to take mail; null: nothing is known.</summary>
    public bool? Find(TenantId tenant, ProviderAccount account) =>
        _known.TryGetValue(SeatOf(tenant, account), out var sign) && !IsOld(sign) ? sign.IsHealthy : null;

    /// <summary>The last sign of each that is not old.</summary>
    internal IReadOnlyDictionary<ProviderSeat, HealthSign> Signs() => _known.Where(pair => !IsOld(pair.Value)).ToDictionary();

    /// <summary>Whether a sign says nothing any more.</summary>
    internal bool IsOld(HealthSign sign) => time.GetUtcNow() - sign.At > Lifetime;

    private void Set(TenantId tenant, ProviderAccount account, bool isHealthy)
    {
        if (_known.Count > MaxKnown)
            _known.Clear();
        _known[SeatOf(tenant, account)] = new HealthSign(isHealthy, time.GetUtcNow());
    }

    private static ProviderSeat SeatOf(TenantId tenant, ProviderAccount account) => new(tenant, account.Settings.Type, account.Owner, account.Place);
}
