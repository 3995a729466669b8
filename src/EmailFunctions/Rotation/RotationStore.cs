using System.Text.Json;
using EmailFunctions.Storage;

namespace EmailFunctions.Rotation;

/// <summary>The one rotation that is under way, or was last.</summary>
internal sealed class RotationStore(IEntityTable table)
{
    private const string State = "state";

    private static readonly EntityKey Key = new("service", "key-rotation");

    /// <summary>Null: there never was one.</summary>
    public async Task<KeyRotation?> ReadAsync(CancellationToken cancellationToken) =>
        await table.GetAsync(Key, cancellationToken) is { } row
            ? JsonSerializer.Deserialize(row.GetString(State)!, RotationJson.Default.KeyRotation)! with { ETag = row.ETag }
            : null;

    /// <summary>Writes a rotation in place of the version that its ETag names; null: of none.</summary>
    /// <returns>The same as it is stored; null: somebody else has written meanwhile.</returns>
    public async Task<KeyRotation?> WriteAsync(KeyRotation rotation, CancellationToken cancellationToken)
    {
        var row = new Entity(Key) { [State] = JsonSerializer.Serialize(rotation, RotationJson.Default.KeyRotation) };
        var result = await table.WriteAsync([rotation.ETag is null ? EntityWrite.Insert(row) : EntityWrite.Replace(row, rotation.ETag)], cancellationToken);
        return result.IsDone ? rotation with { ETag = result.ETags[0] } : null;
    }
}
