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

    private const string WrappedName = "wrapped_key";

    private readonly TimedCache<WrappedKey> _wrapped = new(Lifetime, capacity: 20_000, time);

    /// <summary>The key, made now if there is none. Not to be changed.</summary>
    /// <exception cref="KeyUnavailableException">The key-encryption key can't be used.</exception>
    public async Task<byte[]> GetOrCreateAsync(EntityKey place, CancellationToken cancellationToken)
    {
        var wrapped = await _wrapped.GetOrLoadAsync(NameOf(place), () => LoadAsync(place), cancellationToken);
        return await keys.UnwrapAsync(wrapped, cancellationToken);
    }

    /// <summary>Removes the key for ever; what was made with it can't be read or compared any more.</summary>
    /// <exception cref="StoreUnavailableException">The key is not known to be removed.</exception>
    public async Task DropAsync(EntityKey place, CancellationToken cancellationToken)
    {
        try
        {
            // Missing is as good.
            await table.WriteAsync([EntityWrite.Delete(place, etag: null)], cancellationToken);
        }
        finally
        {
            Forget(place);
        }
    }

    /// <summary>Whether a row, as it was read, is a key's.</summary>
    public static bool IsKey(Entity entity) => entity.GetBytes(WrappedName) is not null;

    /// <summary>Lets the key be read anew, since another process may have dropped the one that is kept here.</summary>
    public void Forget(EntityKey place) => _wrapped.Remove(NameOf(place));

    public void Dispose() => _wrapped.Dispose();

    private async Task<WrappedKey> LoadAsync(EntityKey key)
    {
        while (true)
        {
            if (await table.GetAsync(key, CancellationToken.None) is { } entity)
                return Read(entity);

            var (plain, wrapped) = await keys.CreateAsync(CancellationToken.None);
            CryptographicOperations.ZeroMemory(plain);
            var created = new Entity(key)
            {
                ["key_id"] = wrapped.KeyId,
                ["key_version"] = wrapped.Version,
                [WrappedName] = wrapped.Value,
            };
            // A conflict says that somebody was first; theirs is the key, unless it is dropped already.
            if ((await table.WriteAsync([EntityWrite.Insert(created)], CancellationToken.None)).IsDone)
                return wrapped;
        }
    }

    // Neither part can hold a line break.
    private static string NameOf(EntityKey place) => $"{place.Partition}\n{place.Row}";

    private static WrappedKey Read(Entity entity) =>
        new(entity.GetString("key_id")!, (int)entity.GetInt64("key_version")!.Value, entity.GetBytes(WrappedName)!);
}
