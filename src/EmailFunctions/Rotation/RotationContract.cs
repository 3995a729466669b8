using System.ComponentModel;
using System.Text.Json.Serialization;
using EmailFunctions.Wire;

namespace EmailFunctions.Rotation;

/// <summary>How far the re-wrapping of all keys has come.</summary>
public sealed record RotationProgress(
    [property: Description("counting; rewrapping; waiting: until no instance can wrap under an older version any more; checking: going through all keys once more; completed: nothing is left under an older version; incomplete: some could not be re-wrapped.")] string State,
    [property: Description("The version of the key-encryption key under which all keys are to be.")] int KeyVersion,
    [property: Description("Keys that were found; null: not counted yet.")] int? Total,
    [property: Description("Those that are under the version.")] int Done,
    [property: Description("Those that could not be re-wrapped.")] int Failed,
    [property: Description("Those that were not looked at yet; null: not counted yet.")] int? Remaining,
    DateTimeOffset StartedAt,
    [property: Description("When the check may begin.")] DateTimeOffset CheckFrom,
    [property: Description("Null: it is under way.")] DateTimeOffset? FinishedAt,
    [property: Description("What could not be re-wrapped, 100 at most.")] IReadOnlyList<RotationFailure> Failures);

/// <summary>A key that could not be re-wrapped.</summary>
/// <param name="Kind">What it is of.</param>
/// <param name="Name">Which one.</param>
/// <param name="Reason">Why not.</param>
public sealed record RotationFailure(
    [property: Description("configuration, or stored_key: one of those that the service keeps for a tenant or for itself.")] string Kind,
    [property: Description("Of a configuration: its tenant. Of another key: its partition and row in the store.")] string Name,
    string Reason);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(RotationProgress))]
[JsonSerializable(typeof(KeyRotation))]
internal sealed partial class RotationJson : JsonSerializerContext;
