using EmailFunctions.Spooling;
using EmailFunctions.Storage;

namespace EmailFunctions.Wire;

/// <summary>Gives bodies with files and long texts what they need: spools while they arrive, and room for what stays in memory while it is worked on.</summary>
internal sealed class IncomingBodies(Spools spools, TimeProvider time)
{
    private readonly MemoryRoom _room = new(TimeSpan.FromSeconds(10), time);

    /// <summary>Begins one. What is read of it lives until the answer is disposed of.</summary>
    public IncomingBody Begin() => new(spools.Create(), spools.Create(), _room);
}

/// <summary>What a body has while it arrives and is worked on.</summary>
/// <param name="values">Gets the files and texts.</param>
/// <param name="rest">Gets what is left, where it is long.</param>
/// <param name="room">Has room for that.</param>
internal sealed class IncomingBody(Spool values, Spool rest, MemoryRoom room) : IDisposable
{
    private IDisposable? _lease;

    public Spool Values => values;

    public Spool Rest => rest;

    /// <summary>Takes room for what is left, which has come. Whoever sends slowly holds none.</summary>
    /// <exception cref="StoreUnavailableException">There was none in time.</exception>
    public async ValueTask TakeRoomAsync(long length, CancellationToken cancellationToken) =>
        _lease = await room.TakeAsync(length, cancellationToken);

    public void Dispose()
    {
        values.Dispose();
        rest.Dispose();
        _lease?.Dispose();
    }
}
