using EmailFunctions.Messages;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;

namespace EmailFunctions.DeadLetters;

/// <summary>Ends dead letters that nobody cared for in time, and removes their content.</summary>
public sealed partial class DeadLetterSweep(
    Ledger ledger,
    MessagePayloads payloads,
    TenantDirectory tenants,
    SweepPositions positions,
    DeadLetterSettings settings,
    TimeProvider time,
    ILogger<DeadLetterSweep> logger) : ISweep
{
    /// <summary>Tenants and letters that one run looks at.</summary>
    public const int MaxLooks = 1_000;

    private const string PositionName = "dead-letters";

    public string Name => "DeadLetters";

    public TimeSpan Interval => TimeSpan.FromHours(1);

    public string Schedule => "0 50 * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        var (expired, looks) = (0, 0);
        var range = new DeadRange(After: null, From: null, To: time.GetUtcNow() - settings.Lifetime);
        var start = await positions.ReadAsync(PositionName, cancellationToken);
        SweepPosition? stop = null;
        await foreach (var tenant in tenants.ListAsync(start?.Tenant, cancellationToken))
        {
            looks++;
            await foreach (var dead in ledger.ListDeadAsync(tenant, range, cancellationToken))
            {
                // Those that are done are found no more, so the next run begins with this tenant's rest.
                if (looks++ >= MaxLooks)
                    break;
                expired += await TryExpireAsync(dead.Id, cancellationToken) ? 1 : 0;
            }

            if (looks >= MaxLooks)
            {
                stop = new SweepPosition(tenant);
                break;
            }
        }

        await positions.WriteAsync(PositionName, start, stop, cancellationToken);
        if (expired > 0)
            Expired(logger, expired);
        return new SweepRun(expired, stop is null);
    }

    private async Task<bool> TryExpireAsync(MessageId id, CancellationToken cancellationToken)
    {
        if (await ledger.GetAsync(id, cancellationToken) is not { Status: MessageStatus.DeadLettered } entry)
            return false;
        var failed = DeadLetterEnds.Fail(entry, DeadLetterEnds.ExpiredReason, time.GetUtcNow());
        // Not written: it was replayed or discarded in this moment.
        if (await ledger.WriteAsync([.. Ledger.Change(entry, failed)], cancellationToken) is null)
            return false;
        await payloads.TryRemoveAsync(entry, cancellationToken);
        return true;
    }

    [LoggerMessage(EventId = 410, Level = LogLevel.Information, Message = "The sweep ended {Count} dead letters that had expired.")]
    private static partial void Expired(ILogger logger, int count);
}
