using System.Buffers.Binary;
using System.Text;
using EmailFunctions.Messages;

namespace EmailFunctions.Ingest;

/// <summary>What is kept of a parked message: the length of the name that it came by (4 bytes, big-endian), the name as UTF-8, and what the producer sent.</summary>
internal static class ParkedContent
{
    private const int LengthBytes = 4;

    public static FileContent Encode(Delivered delivered)
    {
        var name = Encoding.UTF8.GetBytes(delivered.QueueId);
        var length = new byte[LengthBytes];
        BinaryPrimitives.WriteInt32BigEndian(length, name.Length);
        return FileContent.Join([FileContent.Of(length), FileContent.Of(name), FileContent.Of(delivered.Body)]);
    }

    /// <exception cref="InvalidDataException">These bytes are no parked message.</exception>
    public static (string Name, ReadOnlyMemory<byte> Body) Decode(ReadOnlyMemory<byte> content)
    {
        var length = content.Length < LengthBytes ? -1 : BinaryPrimitives.ReadInt32BigEndian(content.Span);
        if (length < 0 || length > content.Length - LengthBytes)
            throw new InvalidDataException("The parked message is cut short.");
        return (Encoding.UTF8.GetString(content.Span.Slice(LengthBytes, length)), content[(LengthBytes + length)..]);
    }
}
