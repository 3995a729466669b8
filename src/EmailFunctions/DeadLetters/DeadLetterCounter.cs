using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.DeadLetters;

/// <summary>How many dead letters there are.</summary>
/// <param name="Count">At least so many.</param>
/// <param name="IsAll">Whether these are all.</param>
public sealed record DeadLetterCount(int Count, bool IsAll);

/// <summary>
/// Counts the dead letters of all tenants, which costs a query for each tenant: what it finds is kept for a while, so that a page which
/// shows it can be read again and again.
/// </summary>
public sealed class DeadLetterCounter(Ledger ledger, TenantDirectory tenants, TimeProvider time) : IDisposable
{
    /// <summary>How long a count is kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    /// <summary>How long one may take; what is not counted by then is left out.</summary>
    public static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(10);

    /// <summary>Tenants that are looked at; of each a thousand letters are counted at most.</summary>
    public const int MaxTenants = 5_000;

    private const int AtOnce = 16;
    private const string All = "all";

    private readonly TimedCache<DeadLetterCount> _counts = new(Lifetime, capacity: 1, time);

    /// <summary>Counts, or says what was counted within the last half minute.</summary>
    public Task<DeadLetterCount> CountAsync(CancellationToken cancellationToken) => _counts.GetOrLoadAsync(All, CountNowAsync, cancellationToken);

    public void Dispose() => _counts.Dispose();

    private async Task<DeadLetterCount> CountNowAsync()
    {
        var (count, looks, left) = (0, 0, 0);
        using var end = new CancellationTokenSource(LongestTime, time);
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = end.Token };
        try
        {
            await Parallel.ForEachAsync(tenants.ListAsync(from: null, end.Token).Take(MaxTenants + 1), options, async (tenant, cancellationToken) =>
            {
                if (Interlocked.Increment(ref looks) > MaxTenants)
                {
                    Interlocked.Increment(ref left);
                    return;
                }

                try
                {
                    var (dead, isAll) = await ledger.CountDeadAsync(tenant, cancellationToken);
                    Interlocked.Add(ref count, dead);
                    if (!isAll)
                        Interlocked.Increment(ref left);
                }
                catch (StoreUnavailableException)
                {
                    // One tenant's partition that is too busy must not hide all others.
                    Interlocked.Increment(ref left);
                }
            });
        }
        catch (OperationCanceledException)
        {
            left++;
        }

        return new DeadLetterCount(count, left == 0);
    }
}
