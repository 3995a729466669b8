using System.Security.Cryptography;
using EmailFunctions.Storage;

namespace EmailFunctions.Keys;

/// <summary>
/// Random keys that the service keeps in its store, wrapped: each is made when it is first asked for. A process goes on with one that another
/// has dropped for at most <see cref="Lifetime"/>; shorter would cost reads, and a mail must not.
/// </summary>
public sealed class StoredKeys(IEntityTable table, DataKeyCache keys, TimeProvider time) : IDisposable
{
    public static readonly TimeSpan Lifetime = DataKeyCache.Lifetime;

    private readonly TimedCache<WrappedKey> _wrapped = new(Lifetime, capacity: 20_000, time);
    private readonly StoredKeyIndex _index = new(table);

    /// <summary>All of them, for whoever re-wraps keys.</summary>
    public IWrappedKeys Index => _index;

    /// <summary>The key, made now if there is none. It is the caller's own copy.</summary>
    /// <exception cref="KeyUnavailableException">The key-encryption key can't be used.</exception>
    public async Task<byte[]> GetOrCreateAsync(EntityKey place, CancellationToken cancellationToken)
    {
        var wrapped = await WrappedAsync(place, cancellationToken);
        try
        {
            return await keys.UnwrapAsync(wrapped, cancellationToken);
        }
        catch (KeyUnavailableException exception) when (exception.IsLasting)
        {
            // What is kept may be from before the key was re-wrapped, and its version be gone since.
            Forget(place);
            var stored = await WrappedAsync(place, cancellationToken);
            if (stored.Value.AsSpan().SequenceEqual(wrapped.Value))
                throw;
            return await keys.UnwrapAsync(stored, cancellationToken);
        }
    }

    /// <summary>Removes the key for ever; what was made with it can't be read or compared any more.</summary>
    /// <exception cref="StoreUnavailableException">The key is not known to be removed.</exception>
    public async Task DropAsync(EntityKey place, CancellationToken cancellationToken)
    {
        try
        {
            // Missing is as good.
            await table.WriteAsync([EntityWrite.Delete(place, etag: null)], cancellationToken);
            await _index.LeaveAsync(place, cancellationToken);
        }
        finally
        {
            Forget(place);
        }
    }

    /// <summary>Sees to what a drop has left that was cut off: that nothing says there were keys in a partition which has none.</summary>
    /// <exception cref="StoreUnavailableException">Something may be left.</exception>
    public Task EndDropsAsync(string partition, CancellationToken cancellationToken) => _index.LeaveAllAsync(partition, cancellationToken);

    /// <summary>Whether a row, as it was read, is a key's.</summary>
    public static bool IsKey(Entity entity) => WrappedKeyRow.Read(entity) is not null;

    /// <summary>Lets the key be read anew, since another process may have dropped the one that is kept here.</summary>
    public void Forget(EntityKey place) => _wrapped.Remove(NameOf(place));

    public void Dispose() => _wrapped.Dispose();

    private Task<WrappedKey> WrappedAsync(EntityKey place, CancellationToken cancellationToken) =>
        _wrapped.GetOrLoadAsync(NameOf(place), () => LoadAsync(place), cancellationToken);

    private async Task<WrappedKey> LoadAsync(EntityKey place)
    {
        // Before the key is there, else a crash in between would hide it from whoever re-wraps.
        await _index.EnsureAsync(place);
        while (true)
        {
            if (await table.GetAsync(place, CancellationToken.None) is { } entity)
                return WrappedKeyRow.Read(entity)!;

            var (plain, wrapped) = await keys.CreateAsync(CancellationToken.None);
            CryptographicOperations.ZeroMemory(plain);
            var created = new Entity(place);
            WrappedKeyRow.Put(created, wrapped);
            // A conflict says that somebody was first; theirs is the key, unless it is dropped already.
            if ((await table.WriteAsync([EntityWrite.Insert(created)], CancellationToken.None)).IsDone)
            {
                // Again: one that was being dropped has just taken its entry along.
                await _index.EnterAsync(place);
                return wrapped;
            }
        }
    }

    // Neither part can hold a line break.
    private static string NameOf(EntityKey place) => $"{place.Partition}\n{place.Row}";
}
