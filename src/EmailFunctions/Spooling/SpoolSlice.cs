namespace EmailFunctions.Spooling;

/// <summary>A part of a spool.</summary>
public sealed class SpoolSlice
{
    private readonly Spool _spool;
    private readonly long _offset;

    internal SpoolSlice(Spool spool, long offset, long length)
    {
        _spool = spool;
        _offset = offset;
        Length = length;
    }

    /// <summary>How many bytes.</summary>
    public long Length { get; }

    /// <summary>Opens the bytes for reading, from the first. Several streams may be open at once.</summary>
    public Stream OpenRead() => new SpoolStream(_spool, _offset, Length);

    /// <summary>A part of this part.</summary>
    public SpoolSlice Slice(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        return new SpoolSlice(_spool, _offset + offset, length);
    }
}
