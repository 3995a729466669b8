using System.Buffers;

namespace EmailFunctions.Storage;

/// <summary>
/// The limits of Azure Tables, held by every adapter (learn.microsoft.com: "Scalability and performance targets for Table
/// storage", "Understanding the Table service data model").
/// </summary>
public static class EntityLimits
{
    /// <summary>Bytes of one property's value; a string counts two bytes a UTF-16 code unit.</summary>
    public const int MaxPropertyBytes = 64 * 1024;

    /// <summary>Bytes of an entity: keys, property names and values.</summary>
    public const int MaxEntityBytes = 1024 * 1024;

    /// <summary>Entities of a batch.</summary>
    public const int MaxBatchEntities = 100;

    /// <summary>Bytes of a batch. The limit is one of what is sent, so a byte array counts as base64.</summary>
    public const int MaxBatchBytes = 4 * 1024 * 1024;

    /// <summary>Characters of a key's part: 1 KiB of UTF-16.</summary>
    public const int MaxKeyCharacters = 512;

    /// <summary>Characters of a property's name: letters, digits and <c>_</c> of ASCII, and no digit first.</summary>
    public const int MaxNameCharacters = 255;

    /// <summary>The earliest time that a property can hold.</summary>
    public static readonly DateTimeOffset MinTime = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Own properties of an entity: 255 less the three system ones.</summary>
    public const int MaxProperties = 252;

    /// <summary>Entities of a query's page.</summary>
    public const int MaxPageSize = 1_000;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>Throws when a batch breaks a limit.</summary>
    /// <exception cref="EntityLimitException">Says which limit, and by what.</exception>
    public static void Validate(IReadOnlyList<EntityWrite> writes)
    {
        if (writes.Count is 0 or > MaxBatchEntities)
            throw new EntityLimitException($"A batch holds 1 to {MaxBatchEntities} entities, not {writes.Count}.");

        var seen = new HashSet<string>(writes.Count, StringComparer.Ordinal);
        long bytes = 0;
        foreach (var write in writes)
        {
            var key = write.Entity.Key;
            if (key.Partition != writes[0].Entity.Key.Partition)
                throw new EntityLimitException("A batch stays within one partition.");
            if (!seen.Add(key.Row))
                throw new EntityLimitException("A batch names each entity once.");

            ValidateKey(key);
            bytes += write.Kind == EntityWriteKind.Delete ? 0 : Measure(write.Entity) + MeasureBase64(write.Entity);
        }

        if (bytes > MaxBatchBytes)
            throw new EntityLimitException($"A batch holds at most {MaxBatchBytes:N0} bytes, not {bytes:N0}.");
    }

    /// <summary>
    /// Throws when a key can't be stored: too long, with a character that Azure Tables forbids in keys, or with half of a
    /// surrogate pair, which UTF-8 can't carry.
    /// </summary>
    /// <exception cref="EntityLimitException">Says which part, and why.</exception>
    public static void ValidateKey(EntityKey key)
    {
        ValidateKeyPart(key.Partition, "partition key");
        ValidateKeyPart(key.Row, "row key");
    }

    private static void ValidateKeyPart(string part, string name)
    {
        if (part.Length > MaxKeyCharacters)
            throw new EntityLimitException($"A {name} holds at most {MaxKeyCharacters} characters, not {part.Length}.");

        for (var index = 0; index < part.Length; index++)
        {
            var character = part[index];
            if (character is '/' or '\\' or '#' or '?' or < ' ' or (>= '\u007F' and <= '\u009F'))
                throw new EntityLimitException($"A {name} can't hold the character U+{(int)character:X4}.");
            // It would be stored as U+FFFD, and keys that differ in it would be one.
            if (IsLoneSurrogate(part, index))
                throw new EntityLimitException($"A {name} can't hold half of a surrogate pair.");
        }
    }

    private static bool IsLoneSurrogate(string text, int index) =>
        char.IsSurrogate(text[index]) && !char.IsSurrogatePair(text, index) && (index == 0 || !char.IsSurrogatePair(text, index - 1));

    private static long Measure(Entity entity)
    {
        if (entity.Properties.Count > MaxProperties)
            throw new EntityLimitException($"An entity holds at most {MaxProperties} properties, not {entity.Properties.Count}.");

        // The documented formula: 4 bytes + keys + for each property 8 bytes + its name + its value.
        long bytes = 4 + (2L * (entity.Key.Partition.Length + entity.Key.Row.Length));
        foreach (var (name, value) in entity.Properties)
        {
            ValidateName(name);
            ValidateValue(name, value);
            var size = ValueBytes(value);
            if (size > MaxPropertyBytes)
                throw new EntityLimitException($"The property {name} holds at most {MaxPropertyBytes:N0} bytes, not {size:N0}.");
            bytes += 8 + (2L * name.Length) + size;
        }

        if (bytes > MaxEntityBytes)
            throw new EntityLimitException($"An entity holds at most {MaxEntityBytes:N0} bytes, not {bytes:N0}.");
        return bytes;
    }

    private static void ValidateName(string name)
    {
        // These are the table's own.
        if (name is "PartitionKey" or "RowKey" or "Timestamp")
            throw new EntityLimitException($"A property can't be named {name}.");
        if (name.Length is 0 or > MaxNameCharacters || char.IsAsciiDigit(name[0]) || name.AsSpan().ContainsAnyExcept(NameCharacters))
            throw new EntityLimitException($"A property's name has 1 to {MaxNameCharacters} ASCII letters, digits and _, and no digit first.");
    }

    private static void ValidateValue(string name, object value)
    {
        if (value is DateTimeOffset time && time < MinTime)
            throw new EntityLimitException($"The property {name} can't hold a time before {MinTime:yyyy}.");
        if (value is double number && !double.IsFinite(number))
            throw new EntityLimitException($"The property {name} can hold finite numbers only.");
    }

    // What base64 adds. What JSON adds to a text is made up for by its two bytes a character, while it is mostly ASCII.
    private static long MeasureBase64(Entity entity)
    {
        long bytes = 0;
        foreach (var (_, value) in entity.Properties)
            bytes += value is byte[] array ? array.Length / 3 : 0;
        return bytes;
    }

    private static long ValueBytes(object value) => value switch
    {
        string text => 2L * text.Length,
        byte[] bytes => bytes.Length,
        bool => 1,
        _ => 8,
    };
}

/// <summary>A write is larger than, or has a key or property that, Azure Tables refuses. A mistake of the caller: repeating it does not help.</summary>
public sealed class EntityLimitException(string message) : Exception(message);
