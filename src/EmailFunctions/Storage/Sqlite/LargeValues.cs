using System.Security.Cryptography;
using System.Text;

namespace EmailFunctions.Storage.Sqlite;

/// <summary>
/// Long binary values lie in a table of their own, and a row holds references to them. A message's row is written three times
/// and its payload once: a value that did not change keeps its place.
/// </summary>
/// <param name="Name">The property.</param>
/// <param name="Id">Where the value lies.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Hash">SHA-256 of the value: whether it changed is told without reading it.</param>
internal sealed record LargeValue(string Name, long Id, int Length, byte[] Hash)
{
    /// <summary>Values from this size on; below, a second row would cost more than it saves.</summary>
    public const int MinBytes = 1024;

    private const int HashBytes = 32;

    public static LargeValue New(string name, byte[] value) => new(name, 0, value.Length, SHA256.HashData(value));

    public bool IsSameValueAs(LargeValue other) =>
        Name == other.Name && Length == other.Length && Hash.AsSpan().SequenceEqual(other.Hash);

    public static byte[] Encode(IReadOnlyList<LargeValue> values)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        foreach (var value in values)
        {
            writer.Write(value.Name);
            writer.Write(value.Id);
            writer.Write(value.Length);
            writer.Write(value.Hash);
        }

        writer.Flush();
        return stream.ToArray();
    }

    public static List<LargeValue> Decode(byte[] blob)
    {
        using var stream = new MemoryStream(blob);
        using var reader = new BinaryReader(stream, Encoding.UTF8);
        var values = new List<LargeValue>();
        while (stream.Position < stream.Length)
            values.Add(new LargeValue(reader.ReadString(), reader.ReadInt64(), reader.ReadInt32(), reader.ReadBytes(HashBytes)));
        return values;
    }
}
