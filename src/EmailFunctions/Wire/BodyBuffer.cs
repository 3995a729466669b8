using System.Buffers;

namespace EmailFunctions.Wire;

/// <summary>A text that grows in memory while it arrives.</summary>
internal sealed class BodyBuffer(int capacity) : IDisposable
{
    // Larger arrays are not kept for others: they are rare, and the pool would hold them for long.
    private const int MaxPooled = 1024 * 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - Length)
            Grow(Length + bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    public void Dispose()
    {
        Return(_bytes);
        _bytes = [];
        Length = 0;
    }

    private void Grow(int length)
    {
        var capacity = Math.Max(length, _bytes.Length * 2);
        var larger = capacity <= MaxPooled ? ArrayPool<byte>.Shared.Rent(capacity) : new byte[capacity];
        Written.CopyTo(larger);
        Return(_bytes);
        _bytes = larger;
    }

    private static void Return(byte[] bytes)
    {
        if (bytes.Length is > 0 and <= MaxPooled)
            ArrayPool<byte>.Shared.Return(bytes, clearArray: true);
    }
}
