using System.Collections.Concurrent;
using System.Security.Cryptography;
using EmailFunctions.Keys;
using EmailFunctions.Storage;

namespace EmailFunctions.Rotation;

/// <summary>Wraps keys in the store anew; what was encrypted under them stays as it is, and so does everything else in their rows.</summary>
internal sealed class KeyRewrapper(IEntityTable table, IKeyWrapper keys)
{
    // Each waits for the key's home and for the store, one after the other.
    private const int AtOnce = 8;

    /// <summary>Has all keys of a page wrapped under one version.</summary>
    /// <exception cref="KeyUnavailableException">The key's home can't be reached; what was done stays done.</exception>
    /// <exception cref="StoreUnavailableException">The same of the store.</exception>
    public async Task<Tally> RewrapAsync(string kind, IReadOnlyList<(string Name, Entity Row)> rows, string keyId, CancellationToken cancellationToken)
    {
        var done = 0;
        var failures = new ConcurrentBag<RotationFailure>();
        await Parallel.ForEachAsync(rows, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (item, token) =>
        {
            try
            {
                if (await RewrapAsync(item.Row, keyId, token))
                    Interlocked.Increment(ref done);
            }
            catch (KeyUnavailableException exception) when (exception.IsLasting)
            {
                failures.Add(new RotationFailure(kind, item.Name, exception.Message));
            }
        });
        return new Tally { Done = done, Failed = failures.Count, Named = [.. failures.OrderBy(static failure => failure.Name, StringComparer.Ordinal)] };
    }

    // False: the key is gone.
    private async Task<bool> RewrapAsync(Entity row, string keyId, CancellationToken cancellationToken)
    {
        for (var current = row; current is not null; current = await table.GetAsync(row.Key, cancellationToken))
        {
            if (WrappedKeyRow.Read(current) is not { } old)
                return false;
            if (old.KeyId == keyId)
                return true;
            var plain = await keys.UnwrapAsync(old, cancellationToken);
            try
            {
                var write = WrappedKeyRow.Replace(current, await keys.WrapAsync(plain, cancellationToken));
                // Refused: the row was changed meanwhile, and may hold another key by now.
                if ((await table.WriteAsync([write], cancellationToken)).IsDone)
                    return true;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(plain);
            }
        }

        return false;
    }
}
