using System.Globalization;
using System.Text;

namespace EmailFunctions.Storage.Sqlite;

/// <summary>An entity's properties as one blob (count, then name, type tag and value of each), without its large values.</summary>
internal static class EntityCodec
{
    public static bool IsLarge(object value) => value is byte[] { Length: >= LargeValue.MinBytes };

    public static byte[] Encode(Entity entity)
    {
        using var stream = new MemoryStream(512);
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write7BitEncodedInt(entity.Properties.Values.Count(static value => !IsLarge(value)));
        foreach (var (name, value) in entity.Properties)
        {
            if (IsLarge(value))
                continue;
            writer.Write(name);
            Write(writer, value);
        }

        writer.Flush();
        return stream.ToArray();
    }

    public static Entity Decode(EntityKey key, long version, byte[] blob)
    {
        using var reader = new BinaryReader(new MemoryStream(blob), Encoding.UTF8);
        var entity = new Entity(key) { ETag = ETagOf(version) };
        for (var count = reader.Read7BitEncodedInt(); count > 0; count--)
        {
            var name = reader.ReadString();
            entity[name] = Read(reader);
        }

        return entity;
    }

    public static string ETagOf(long version) => version.ToString("x", CultureInfo.InvariantCulture);

    private static void Write(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case string text:
                writer.Write('s');
                writer.Write(text);
                break;
            case long number:
                writer.Write('i');
                writer.Write(number);
                break;
            case double number:
                writer.Write('d');
                writer.Write(number);
                break;
            case bool flag:
                writer.Write('b');
                writer.Write(flag);
                break;
            case DateTimeOffset time:
                writer.Write('t');
                writer.Write(time.UtcTicks);
                break;
            case byte[] bytes:
                writer.Write('x');
                writer.Write7BitEncodedInt(bytes.Length);
                writer.Write(bytes);
                break;
            default:
                throw new InvalidOperationException($"No code for a {value.GetType()}.");
        }
    }

    private static object Read(BinaryReader reader) => reader.ReadChar() switch
    {
        's' => reader.ReadString(),
        'i' => reader.ReadInt64(),
        'd' => reader.ReadDouble(),
        'b' => reader.ReadBoolean(),
        't' => new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero),
        'x' => reader.ReadBytes(reader.Read7BitEncodedInt()),
        var tag => throw new InvalidDataException($"The entity blob has the unknown type tag '{tag}'."),
    };
}
