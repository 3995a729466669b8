using System.Buffers;
using EmailFunctions.Spooling;
using EmailFunctions.Storage;

namespace EmailFunctions.Wire;

/// <summary>A text that grows while it arrives: in memory, and beyond <see cref="MemoryRoom.FreeBytes"/> in a spool, where there is one.</summary>
/// <param name="expected">Bytes that there may be in all; 0: not known.</param>
/// <param name="overflow">Gets a long text; null: it stays in memory.</param>
internal sealed class BodyBuffer(long expected, Spool? overflow = null) : IDisposable
{
    // What a client says of the length is no reason to reserve much before it comes.
    private const int First = 16 * 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(expected is > 0 and < First ? (int)expected : First);

    public int Length { get; private set; }

    /// <summary>Appends bytes.</summary>
    /// <exception cref="StoreUnavailableException">The spool can't be written.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (overflow is { Length: > 0 } || (overflow is not null && Length + bytes.Length > MemoryRoom.FreeBytes))
            Spool(bytes);
        else
            Keep(bytes);
        Length += bytes.Length;
    }

    /// <summary>All of it, in memory.</summary>
    public ReadOnlySpan<byte> Read()
    {
        if (overflow is not { Length: > 0 })
            return _bytes.AsSpan(0, Length);
        var all = new byte[Length];
        using var stream = overflow.Slice(0, Length).OpenRead();
        stream.ReadExactly(all);
        return all;
    }

    /// <summary>Forgets what has come, which must lie in memory.</summary>
    public void Clear() => Length = 0;

    public void Dispose()
    {
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes, clearArray: true);
        _bytes = [];
    }

    private void Spool(ReadOnlySpan<byte> bytes)
    {
        if (overflow!.Length == 0)
        {
            overflow.Append(_bytes.AsSpan(0, Length));
            Dispose();
        }

        overflow.Append(bytes);
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + bytes.Length, _bytes.Length * 2));
            _bytes.AsSpan(0, Length).CopyTo(larger);
            Dispose();
            _bytes = larger;
        }

        bytes.CopyTo(_bytes.AsSpan(Length));
    }
}
