using System.Text.Json.Serialization;
using EmailFunctions.Keys;

namespace EmailFunctions.Rotation;

/// <summary>What a rotation is at.</summary>
internal enum RotationPhase
{
    /// <summary>Counts the keys.</summary>
    Count,

    /// <summary>Goes through all keys and re-wraps those that are under another version.</summary>
    Rewrap,

    /// <summary>Once no instance can wrap under another version any more: goes through all again, for what came meanwhile.</summary>
    Check,

    /// <summary>It is over.</summary>
    Finished,
}

/// <summary>A rotation, as it is stored after each few keys.</summary>
internal sealed record KeyRotation
{
    /// <summary>Failures that are named.</summary>
    public const int MaxNamed = 100;

    /// <summary>Beyond the time in which instances learn of a version: what was wrapped just before is stored by then.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromMinutes(1);

    /// <summary>Names the version under which all keys are to be.</summary>
    public required string KeyId { get; init; }

    public required int Version { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset CheckFrom { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public RotationPhase Phase { get; init; }

    /// <summary>The kind of keys that it is at, in the order in which they are known to the service.</summary>
    public int Kind { get; init; }

    /// <summary>The name behind which it goes on within the kind; null: with the first.</summary>
    public string? After { get; init; }

    public int? Total { get; init; }

    /// <summary>What the pass that is under way, or the last one, has found.</summary>
    public Tally Pass { get; init; } = new();

    /// <summary>What the pass before found, which is shown until the check is over.</summary>
    public Tally Shown { get; init; } = new();

    /// <summary>The stored version.</summary>
    [JsonIgnore]
    public string? ETag { get; init; }

    [JsonIgnore]
    public bool IsUnderWay => Phase != RotationPhase.Finished;

    /// <summary>A new one, towards the newest version.</summary>
    public static KeyRotation Towards(NewestKey newest, DateTimeOffset now) => new()
    {
        KeyId = newest.KeyId,
        Version = newest.Version,
        StartedAt = now,
        // Where the version comes with the process, no other one wraps meanwhile.
        CheckFrom = newest.KnownWithin == TimeSpan.Zero ? now : now + newest.KnownWithin + Settling,
    };

    /// <summary>The same behind the next few keys.</summary>
    /// <param name="few">What became of them.</param>
    /// <param name="next">The name behind which it goes on within the kind; null: the kind is done.</param>
    /// <param name="kinds">How many kinds there are.</param>
    /// <param name="now">The time.</param>
    public KeyRotation Behind(Tally few, string? next, int kinds, DateTimeOffset now)
    {
        var pass = Pass.Plus(few);
        if (next is not null)
            return this with { Pass = pass, After = next };
        if (Kind + 1 < kinds)
            return this with { Pass = pass, Kind = Kind + 1, After = null };
        var passed = this with { Kind = 0, After = null, Shown = pass, Total = pass.Done + pass.Failed };
        return Phase == RotationPhase.Rewrap
            ? passed with { Phase = RotationPhase.Check, Pass = new Tally() }
            : passed with { Phase = RotationPhase.Finished, FinishedAt = now };
    }

    public RotationProgress ToProgress(DateTimeOffset now)
    {
        var tally = Phase == RotationPhase.Rewrap ? Pass : Shown;
        // Keys that came after they were counted.
        var total = Total is { } counted ? Math.Max(counted, tally.Done + tally.Failed) : (int?)null;
        return new RotationProgress(
            StateAt(now), Version, total, tally.Done, tally.Failed, total - tally.Done - tally.Failed, StartedAt, CheckFrom, FinishedAt, tally.Named);
    }

    private string StateAt(DateTimeOffset now) => Phase switch
    {
        RotationPhase.Count => "counting",
        RotationPhase.Rewrap => "rewrapping",
        RotationPhase.Check => now < CheckFrom ? "waiting" : "checking",
        _ => Shown.Failed == 0 ? "completed" : "incomplete",
    };
}

/// <summary>What became of keys.</summary>
internal sealed record Tally
{
    /// <summary>Under the version that is wanted.</summary>
    public int Done { get; init; }

    public int Failed { get; init; }

    /// <summary>The first of those that failed.</summary>
    public IReadOnlyList<RotationFailure> Named { get; init; } = [];

    public Tally Plus(Tally more) => new()
    {
        Done = Done + more.Done,
        Failed = Failed + more.Failed,
        Named = [.. Named.Concat(more.Named).Take(KeyRotation.MaxNamed)],
    };
}
