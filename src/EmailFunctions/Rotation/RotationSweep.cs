using EmailFunctions.Keys;
using EmailFunctions.Storage;
using EmailFunctions.Sweeps;

namespace EmailFunctions.Rotation;

/// <summary>
/// Carries out a rotation. Where it has come to is stored after each few keys, so that any instance goes on from there: of two that do so at
/// once, one has done its few for nothing, and takes up what the other has come to.
/// </summary>
internal sealed partial class RotationSweep(
    RotationStore store, IEnumerable<IWrappedKeys> kinds, KeyRewrapper rewrapper, IKeyWrapper keys, KeyRegister register, TimeProvider time, ILogger<RotationSweep> logger) : ISweep
{
    /// <summary>
    /// Keys a second: a quarter of what a vault unwraps (4,000 in 10 s of 2048 bits), and a twentieth of what a partition of Azure Tables
    /// writes, so that mail has the rest.
    /// </summary>
    public const int PerSecond = 100;

    /// <summary>Keys that are looked at between two writes of where it has come to.</summary>
    public const int AtOnce = 25;

    /// <summary>How long one run goes on.</summary>
    public static readonly TimeSpan RunTime = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<IWrappedKeys> _kinds = [.. kinds];

    public string Name => "KeyRotation";

    public TimeSpan Interval => TimeSpan.FromSeconds(5);

    public string Schedule => "45 * * * * *";

    public async Task<SweepRun> RunAsync(CancellationToken cancellationToken)
    {
        var (started, looked) = (time.GetTimestamp(), 0);
        var rotation = await TakeUpAsync(cancellationToken);
        while (rotation is { IsUnderWay: true } && time.GetElapsedTime(started) < RunTime)
        {
            if (rotation.Phase == RotationPhase.Check && time.GetUtcNow() < rotation.CheckFrom)
                return new SweepRun(looked, IsComplete: true);
            var step = time.GetTimestamp();
            var (next, count) = await StepAsync(rotation, cancellationToken);
            looked += count;
            if (next is { IsUnderWay: false, Shown.Failed: 0 })
                await register.RetireOthersAsync(next.KeyId, next.StartedAt, cancellationToken);
            rotation = await store.WriteAsync(next, cancellationToken);
            if (rotation is { IsUnderWay: false })
                Report(rotation);
            rotation ??= await store.ReadAsync(cancellationToken);
            await PauseAsync(step, count, cancellationToken);
        }

        return new SweepRun(looked, rotation is not { IsUnderWay: true });
    }

    // A version that came after it was started is taken instead: what was re-wrapped by then is re-wrapped again.
    private async Task<KeyRotation?> TakeUpAsync(CancellationToken cancellationToken)
    {
        if (await store.ReadAsync(cancellationToken) is not { IsUnderWay: true } rotation)
            return null;
        var newest = await keys.ReadNewestAsync(cancellationToken);
        if (newest.KeyId == rotation.KeyId)
            return rotation;
        // An instance that does not have the version leaves it to those that do.
        return newest.Version > rotation.Version
            ? await store.WriteAsync(KeyRotation.Towards(newest, time.GetUtcNow()) with { ETag = rotation.ETag }, cancellationToken)
            : null;
    }

    private async Task<(KeyRotation Next, int Count)> StepAsync(KeyRotation rotation, CancellationToken cancellationToken)
    {
        if (rotation.Phase == RotationPhase.Count)
        {
            var total = 0;
            foreach (var each in _kinds)
                total += await each.CountAsync(cancellationToken);
            return (rotation with { Phase = RotationPhase.Rewrap, Total = total }, 0);
        }

        var kind = _kinds[rotation.Kind];
        var page = await kind.ReadAsync(rotation.After, AtOnce, cancellationToken);
        var few = await rewrapper.RewrapAsync(kind.Kind, page.Rows, rotation.KeyId, cancellationToken);
        return (rotation.Behind(few, page.Next, _kinds.Count, time.GetUtcNow()), page.Rows.Count);
    }

    private void Report(KeyRotation ended)
    {
        if (ended.Shown.Failed > 0)
            Incomplete(logger, ended.Shown.Failed, ended.Version);
        else
            Completed(logger, ended.Shown.Done, ended.Version);
    }

    private async Task PauseAsync(long step, int count, CancellationToken cancellationToken)
    {
        var rest = TimeSpan.FromSeconds((double)count / PerSecond) - time.GetElapsedTime(step);
        if (rest > TimeSpan.Zero)
            await Task.Delay(rest, time, cancellationToken);
    }

    [LoggerMessage(EventId = 441, Level = LogLevel.Information, Message = "All {Count} keys in the store are wrapped under version {Version} of the key-encryption key; older versions are not needed any more.")]
    private static partial void Completed(ILogger logger, int count, int version);

    [LoggerMessage(EventId = 442, Level = LogLevel.Error, Message = "{Count} keys could not be wrapped under version {Version} of the key-encryption key; GET /api/v1/admin/email/encryption/rotation names them.")]
    private static partial void Incomplete(ILogger logger, int count, int version);
}
