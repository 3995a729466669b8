using System.Runtime.InteropServices;

namespace EmailFunctions.Messages;

/// <summary>The bytes of a file that goes with a message, wherever they lie. They are there as long as the message is in hand.</summary>
public abstract class FileContent
{
    /// <summary>How many bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Opens the bytes for reading, from the first. The stream can be sought, and several may be open at once.</summary>
    public abstract Stream OpenRead();

    /// <summary>Bytes that lie in memory.</summary>
    public static FileContent Of(ReadOnlyMemory<byte> bytes) => new InMemory(bytes);

    private sealed class InMemory(ReadOnlyMemory<byte> bytes) : FileContent
    {
        public override long Length => bytes.Length;

        public override Stream OpenRead() =>
            MemoryMarshal.TryGetArray(bytes, out var segment)
                ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
                : new MemoryStream(bytes.ToArray(), writable: false);
    }
}
