using System.Buffers;
using Microsoft.Extensions.Caching.Hybrid;

namespace EmailFunctions.Composition;

/// <summary>
/// The cache asks for a serialiser even where entries never leave the process. This one keeps them from leaving it: with a
/// distributed cache behind, it would fail at once instead of storing anything.
/// </summary>
internal sealed class InProcessOnly<T> : IHybridCacheSerializer<T>
{
    public T Deserialize(ReadOnlySequence<byte> source) =>
        throw new NotSupportedException($"{typeof(T).Name} is cached in this process only.");

    public void Serialize(T value, IBufferWriter<byte> target)
    {
        // Nothing is written, since nothing may be read back.
    }
}
