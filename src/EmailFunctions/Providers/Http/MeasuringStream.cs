using System.Security.Cryptography;

namespace EmailFunctions.Providers.Http;

/// <summary>Keeps nothing of what it is given but how much it was and, where asked for, its SHA-256.</summary>
internal sealed class MeasuringStream(IncrementalHash? hash = null) : WriteOnlyStream
{
    private long _length;

    public override long Length => _length;

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _length += buffer.Length;
        hash?.AppendData(buffer.Span);
        return ValueTask.CompletedTask;
    }
}
