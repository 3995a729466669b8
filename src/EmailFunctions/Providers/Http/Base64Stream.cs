using System.Buffers.Text;

namespace EmailFunctions.Providers.Http;

/// <summary>Writes what it is given as base64 (RFC 4648 section 4), without line breaks, some KB at a time.</summary>
internal sealed class Base64Stream(Stream target) : WriteOnlyStream
{
    private const int BlockBytes = 24 * 1024;

    private readonly byte[] _plain = new byte[BlockBytes];
    private readonly byte[] _encoded = new byte[BlockBytes / 3 * 4];
    private int _count;

    /// <summary>How many characters so many bytes become.</summary>
    public static long LengthOf(long bytes) => (bytes + 2) / 3 * 4;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var part = Math.Min(buffer.Length, BlockBytes - _count);
            buffer[..part].CopyTo(_plain.AsMemory(_count));
            _count += part;
            buffer = buffer[part..];
            if (_count == BlockBytes)
                await CompleteAsync(cancellationToken);
        }
    }

    /// <summary>Writes what is left, padded.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        Base64.EncodeToUtf8(_plain.AsSpan(0, _count), _encoded, out _, out var written);
        _count = 0;
        await target.WriteAsync(_encoded.AsMemory(0, written), cancellationToken);
    }
}
