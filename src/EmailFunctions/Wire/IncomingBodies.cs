using EmailFunctions.Spooling;
using EmailFunctions.Storage;

namespace EmailFunctions.Wire;

/// <summary>Gives bodies with files what they need: spools while they arrive, and room for a long text while it is worked on.</summary>
internal sealed class IncomingBodies(Spools spools, TimeProvider time)
{
    private readonly MemoryRoom _room = new(TimeSpan.FromSeconds(10), time);

    /// <summary>Begins one. What is read of it lives until the answer is disposed of.</summary>
    public IncomingBody Begin() => new(spools.Create(), spools.Create(), _room);
}

/// <summary>What a body has while it arrives and is worked on.</summary>
/// <param name="files">Gets the files.</param>
/// <param name="text">Gets what is left, where it is long.</param>
/// <param name="room">Has room for that.</param>
internal sealed class IncomingBody(Spool files, Spool text, MemoryRoom room) : IDisposable
{
    private IDisposable? _lease;

    public Spool Files => files;

    public Spool Text => text;

    /// <summary>Takes room for the text, which has come. Whoever sends slowly holds none.</summary>
    /// <exception cref="StoreUnavailableException">There was none in time.</exception>
    public async ValueTask TakeRoomAsync(long length, CancellationToken cancellationToken) =>
        _lease = await room.TakeAsync(length, cancellationToken);

    public void Dispose()
    {
        files.Dispose();
        text.Dispose();
        _lease?.Dispose();
    }
}
