using System.Buffers;

namespace EmailFunctions.Messages;

/// <summary>Collects bytes in pieces, so that what has been written is never moved to a larger place.</summary>
internal sealed class ChunkWriter : IBufferWriter<byte>
{
    // Below what the runtime treats as large.
    private const int ChunkBytes = 64 * 1024;
    private const int FirstChunkBytes = 4 * 1024;

    private readonly List<FileContent> _full = [];
    private byte[] _chunk = new byte[FirstChunkBytes];
    private int _length;

    /// <summary>What was written.</summary>
    public FileContent Written => FileContent.Join([.. _full, FileContent.Of(_chunk.AsMemory(0, _length))]);

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_chunk.Length - _length < Math.Max(sizeHint, 1))
        {
            _full.Add(FileContent.Of(_chunk.AsMemory(0, _length)));
            (_chunk, _length) = (new byte[Math.Max(sizeHint, ChunkBytes)], 0);
        }

        return _chunk.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
