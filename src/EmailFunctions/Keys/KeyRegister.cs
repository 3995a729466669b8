using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using EmailFunctions.Storage;

namespace EmailFunctions.Keys;

/// <summary>
/// The versions of the key-encryption key that wrapped anything, each with its number and a random key to try it with. So a version that is
/// lost is known before anything that was encrypted under it is asked for, and a key that has no number of its own gets one.
/// </summary>
public sealed class KeyRegister(IEntityTable table, TimeProvider time)
{
    private const string Partition = "encryption-keys";
    private const string Digest = "digest";
    private const string EnteredAt = "entered_at";
    private const string RetiredAt = "retired_at";

    private readonly ConcurrentDictionary<string, int> _numbers = new(StringComparer.Ordinal);

    /// <summary>The number of a version that this process has seen to be in the register.</summary>
    public bool TryGetNumber(string keyId, out int number) => _numbers.TryGetValue(keyId, out number);

    /// <summary>Whether a version is in the register, and in use.</summary>
    public async Task<bool> HasAsync(string keyId, CancellationToken cancellationToken) =>
        (await ListInUseAsync(cancellationToken)).Exists(row => WrappedKeyRow.Read(row)!.KeyId == keyId);

    /// <summary>Enters a version before anything that it wrapped is stored, or finds it entered; it is in use from now on.</summary>
    /// <param name="trial">A random key, wrapped under the version.</param>
    /// <param name="plain">The same, unwrapped.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task EnterAsync(WrappedKey trial, ReadOnlyMemory<byte> plain, CancellationToken cancellationToken)
    {
        while (true)
        {
            var rows = await ListAsync(cancellationToken);
            var row = rows.Find(row => WrappedKeyRow.Read(row)!.KeyId == trial.KeyId);
            if (row is not null && row.GetTime(RetiredAt) is null)
            {
                _numbers[trial.KeyId] = WrappedKeyRow.Read(row)!.Version;
                return;
            }

            // One that was retired is taken up again under its number.
            var number = row is null ? FreeNumber(rows, trial.Version) : WrappedKeyRow.Read(row)!.Version;
            var entity = NewRow(trial with { Version = number }, SHA256.HashData(plain.Span), time.GetUtcNow());
            await table.WriteAsync([row is null ? EntityWrite.Insert(entity) : EntityWrite.Replace(entity, row.ETag)], cancellationToken);
        }
    }

    /// <summary>Says of all versions but one that nothing is wrapped under them any more.</summary>
    /// <param name="keyId">The one.</param>
    /// <param name="enteredBefore">Those that came later stay in use.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task RetireOthersAsync(string keyId, DateTimeOffset enteredBefore, CancellationToken cancellationToken)
    {
        foreach (var row in await ListInUseAsync(cancellationToken))
        {
            var key = WrappedKeyRow.Read(row)!;
            var entered = row.GetTime(EnteredAt)!.Value;
            if (key.KeyId == keyId || entered >= enteredBefore)
                continue;
            var retired = NewRow(key, row.GetBytes(Digest)!, entered);
            retired[RetiredAt] = time.GetUtcNow();
            // Refused: it was taken up again just now.
            await table.WriteAsync([EntityWrite.Replace(retired, row.ETag)], cancellationToken);
        }
    }

    /// <summary>Tries one version.</summary>
    /// <exception cref="KeyUnavailableException">It can't be used.</exception>
    public async Task TryAsync(IKeyWrapper keys, string keyId, CancellationToken cancellationToken)
    {
        foreach (var row in (await ListInUseAsync(cancellationToken)).Where(row => WrappedKeyRow.Read(row)!.KeyId == keyId))
            await TryAsync(keys, row, cancellationToken);
    }

    /// <summary>Tries all versions under which something may be wrapped.</summary>
    /// <param name="keys">Unwraps.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="KeyUnavailableException">One of them can't be used; the message names it.</exception>
    public async Task TryAllAsync(IKeyWrapper keys, CancellationToken cancellationToken)
    {
        foreach (var row in await ListInUseAsync(cancellationToken))
            await TryAsync(keys, row, cancellationToken);
    }

    private static async Task TryAsync(IKeyWrapper keys, Entity row, CancellationToken cancellationToken)
    {
        var trial = WrappedKeyRow.Read(row)!;
        try
        {
            var plain = await keys.UnwrapAsync(trial, cancellationToken);
            if (!SHA256.HashData(plain).AsSpan().SequenceEqual(row.GetBytes(Digest)))
                throw new KeyUnavailableException("It unwrapped something else than was wrapped.") { IsLasting = true };
        }
        catch (KeyUnavailableException exception)
        {
            throw new KeyUnavailableException(
                string.Create(CultureInfo.InvariantCulture, $"Version {trial.Version} of the key-encryption key ({trial.KeyId}) can't be used, and there is data that was encrypted under it. {exception.Message}"), exception)
            { IsLasting = exception.IsLasting, LostVersion = trial.Version };
        }
    }

    // The number that the key's home gave, unless another key has it: that of another home.
    private static int FreeNumber(List<Entity> rows, int wanted)
    {
        var taken = rows.Select(static row => WrappedKeyRow.Read(row)!.Version).ToList();
        return taken.Contains(wanted) ? taken.Max() + 1 : wanted;
    }

    private async Task<List<Entity>> ListInUseAsync(CancellationToken cancellationToken) =>
        [.. (await ListAsync(cancellationToken)).Where(static row => row.GetTime(RetiredAt) is null)];

    private async Task<List<Entity>> ListAsync(CancellationToken cancellationToken)
    {
        var rows = new List<Entity>();
        await foreach (var page in table.PagesAsync(EntityQuery.Prefix(Partition, ""), cancellationToken))
            rows.AddRange(page.Entities);
        return rows;
    }

    // The number is the name, so that two can't have the same.
    private static Entity NewRow(WrappedKey trial, byte[] digest, DateTimeOffset enteredAt)
    {
        var row = new Entity(Partition, trial.Version.ToString("D10", CultureInfo.InvariantCulture)) { [Digest] = digest, [EnteredAt] = enteredAt };
        WrappedKeyRow.Put(row, trial);
        return row;
    }
}
