using EmailFunctions.Storage;

namespace EmailFunctions.Keys;

/// <summary>How a wrapped key lies in a row, whatever else the row holds.</summary>
internal static class WrappedKeyRow
{
    private const string KeyId = "key_id";
    private const string Version = "key_version";
    private const string Value = "wrapped_key";

    /// <summary>The row's wrapped key; null: it has none.</summary>
    public static WrappedKey? Read(Entity row) =>
        row.GetBytes(Value) is { } value ? new WrappedKey(row.GetString(KeyId)!, (int)row.GetInt64(Version)!.Value, value) : null;

    /// <summary>Puts a wrapped key into a row.</summary>
    public static void Put(Entity row, WrappedKey key)
    {
        row[KeyId] = key.KeyId;
        row[Version] = key.Version;
        row[Value] = key.Value;
    }

    /// <summary>The same row with another wrapped key, to replace the version that was read.</summary>
    public static EntityWrite Replace(Entity row, WrappedKey key)
    {
        var next = new Entity(row.Key);
        foreach (var (name, value) in row.Properties)
            next[name] = value;
        Put(next, key);
        return EntityWrite.Replace(next, row.ETag);
    }
}
