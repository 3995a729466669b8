using EmailFunctions.Keys;

namespace EmailFunctions.Tests.Keys;

/// <summary>A wrapper that counts how often it is asked to unwrap; what it then does can be changed.</summary>
internal sealed class CountingKeyWrapper(IKeyWrapper inner) : IKeyWrapper
{
    private int _unwraps;

    public int Unwraps => _unwraps;

    /// <summary>Called at each unwrap, before it; may wait or throw.</summary>
    public Func<Task>? BeforeUnwrap { get; set; }

    /// <summary>In what time other instances learn of its newest version; null: in none.</summary>
    public TimeSpan? KnownWithin { get; init; }

    public Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> dataKey, CancellationToken cancellationToken) =>
        inner.WrapAsync(dataKey, cancellationToken);

    // Not async: what BeforeUnwrap throws is thrown by the call, as by a wrapper that checks its arguments at once.
    public Task<byte[]> UnwrapAsync(WrappedKey wrapped, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _unwraps);
        var before = BeforeUnwrap?.Invoke();
        return before is null ? inner.UnwrapAsync(wrapped, cancellationToken) : AfterAsync(before, wrapped, cancellationToken);
    }

    public async Task<NewestKey> ReadNewestAsync(CancellationToken cancellationToken)
    {
        var newest = await inner.ReadNewestAsync(cancellationToken);
        return newest with { KnownWithin = KnownWithin ?? newest.KnownWithin };
    }

    private async Task<byte[]> AfterAsync(Task before, WrappedKey wrapped, CancellationToken cancellationToken)
    {
        await before;
        return await inner.UnwrapAsync(wrapped, cancellationToken);
    }
}
