using System.Runtime.InteropServices;
using System.Text;
using EmailFunctions.Spooling;

namespace EmailFunctions.Messages;

/// <summary>The bytes of a file or text that goes with a message, wherever they lie. They are there as long as the message is in hand.</summary>
public abstract class FileContent
{
    /// <summary>No bytes.</summary>
    public static FileContent Empty { get; } = Of(ReadOnlyMemory<byte>.Empty);

    /// <summary>How many bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Opens the bytes for reading, from the first. The stream can be sought, and several may be open at once.</summary>
    public abstract Stream OpenRead();

    /// <summary>Bytes that lie in memory.</summary>
    public static FileContent Of(ReadOnlyMemory<byte> bytes) => new InMemory(bytes);

    /// <summary>Bytes that lie in a spool, until that is disposed of.</summary>
    public static FileContent Of(SpoolSlice slice) => new Spooled(slice);

    /// <summary>A text as UTF-8.</summary>
    public static FileContent Of(SpoolText text) => text.Spooled is { } slice ? Of(slice) : Of(Encoding.UTF8.GetBytes(text.InMemory!));

    /// <summary>The bytes of several, one after the other.</summary>
    public static FileContent Join(IReadOnlyList<FileContent> parts) => parts is [var only] ? only : new Joined(parts);

    /// <summary>The same in other bytes, which are made while they are read.</summary>
    public FileContent Translate(Translation translation) => new TranslatedContent(this, translation);

    /// <summary>Writes all bytes to a stream.</summary>
    public async Task CopyToAsync(Stream target, CancellationToken cancellationToken)
    {
        await using var stream = OpenRead();
        await stream.CopyToAsync(target, cancellationToken);
    }

    /// <summary>All bytes in memory, for what is known to be small.</summary>
    public byte[] ToArray()
    {
        using var stream = OpenRead();
        var bytes = new byte[Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private sealed class InMemory(ReadOnlyMemory<byte> bytes) : FileContent
    {
        public override long Length => bytes.Length;

        public override Stream OpenRead() =>
            MemoryMarshal.TryGetArray(bytes, out var segment)
                ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
                : new MemoryStream(bytes.ToArray(), writable: false);
    }

    private sealed class Spooled(SpoolSlice slice) : FileContent
    {
        public override long Length => slice.Length;

        public override Stream OpenRead() => slice.OpenRead();
    }

    private sealed class Joined(IReadOnlyList<FileContent> parts) : FileContent
    {
        public override long Length => parts.Sum(static part => part.Length);

        public override Stream OpenRead() => new JoinedStream(parts);
    }
}
