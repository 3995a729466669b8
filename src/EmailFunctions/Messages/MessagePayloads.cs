using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using EmailFunctions.Payloads;
using EmailFunctions.Spooling;

namespace EmailFunctions.Messages;

/// <summary>Where a message's content lies: in its row where it fits, else in the payload store.</summary>
public sealed class MessagePayloads(IPayloadStore store, Spools spools)
{
    /// <summary>Largest content that lies in the row: 48 KiB, below the 64 KiB that a property may hold.</summary>
    public const int MaxRowBytes = 48 * 1024;

    /// <summary>Puts the content where it belongs; call it before the row is written.</summary>
    public async Task<LedgerEntry> AttachAsync(LedgerEntry entry, FileContent encoded, CancellationToken cancellationToken)
    {
        if (encoded.Length <= MaxRowBytes)
            return entry with { Payload = encoded.ToArray() };
        await using var stream = encoded.OpenRead();
        await store.PutAsync(NameOf(entry.Id), stream, cancellationToken);
        return entry with { PayloadStored = true };
    }

    /// <summary>Reads the content, once; what is large goes to a spool, until the answer is disposed of.</summary>
    /// <exception cref="InvalidDataException">It is gone or damaged.</exception>
    /// <exception cref="Storage.StoreUnavailableException">The store can't be reached, or what it holds can't be spooled.</exception>
    public async Task<StoredContent> ReadAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Payload is { } payload)
            return new StoredContent(ContentCodec.Decode(payload));
        var spool = spools.Create();
        try
        {
            await using var stream = await OpenAsync(entry, cancellationToken);
            return new StoredContent(await ContentCodec.DecodeAsync(stream, spool, cancellationToken), spool);
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    /// <summary>Reads the content as it is stored.</summary>
    /// <exception cref="InvalidDataException">It is gone.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadBytesAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Payload is { } payload)
            return payload;
        await using var stream = await OpenAsync(entry, cancellationToken);
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }

    /// <summary>The content without its texts and attachments; null where the content is gone or damaged.</summary>
    public async Task<EmailContent?> TryReadHeadAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            if (entry.Payload is { } payload)
                return ContentCodec.Decode(payload);
            await using var stream = await OpenAsync(entry, cancellationToken);
            using var spool = spools.Create();
            return await ContentCodec.DecodeHeadAsync(stream, spool, cancellationToken);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Removes what lies in the payload store; call it after the row no longer needs it.</summary>
    public Task RemoveAsync(LedgerEntry entry, CancellationToken cancellationToken) =>
        entry.PayloadStored ? store.DeleteAsync(NameOf(entry.Id), cancellationToken) : Task.CompletedTask;

    /// <summary>The messages that have a payload in the store from before a time, in no particular order.</summary>
    public async IAsyncEnumerable<MessageId> ListAsync(DateTimeOffset before, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var name in store.ListAsync(before, cancellationToken))
        {
            if (TryReadName(name, out var id))
                yield return id;
        }
    }

    /// <summary>Removes a payload from the store whose message has no more use for it; false where it has.</summary>
    public async Task<bool> TryRemoveOrphanAsync(Ledger ledger, MessageId id, CancellationToken cancellationToken)
    {
        if (await ledger.GetAsync(id, cancellationToken) is { PayloadStored: true })
            return false;
        await store.DeleteAsync(NameOf(id), cancellationToken);
        return true;
    }

    private async Task<Stream> OpenAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        if (!entry.PayloadStored)
            throw new InvalidDataException("The message's content is gone.");
        return await store.OpenAsync(NameOf(entry.Id), cancellationToken)
            ?? throw new InvalidDataException("The message's content is not in the payload store.");
    }

    private static PayloadName NameOf(MessageId id) => new(id.Tenant.Partition, id.Unique);

    private static bool TryReadName(PayloadName name, [NotNullWhen(true)] out MessageId? id)
    {
        id = null;
        return name.Owner.StartsWith("t-", StringComparison.Ordinal) && MessageId.TryParse($"{name.Owner[2..]}~{name.Id}", out id);
    }
}
