using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using EmailFunctions.Keys;
using EmailFunctions.Messages.Sealing;
using EmailFunctions.Payloads;
using EmailFunctions.Spooling;
using EmailFunctions.Storage;

namespace EmailFunctions.Messages;

/// <summary>
/// Where a message's content lies: in its row where it fits, else in the payload store; in either encrypted under a key of its tenant. Every
/// member that reads or writes it throws <see cref="KeyUnavailableException"/> when that key can't be used.
/// </summary>
public sealed class MessagePayloads(IPayloadStore store, ContentKeys keys, Spools spools)
{
    /// <summary>Largest content that lies in the row: 48 KiB, below the 64 KiB that a property may hold.</summary>
    public const int MaxRowBytes = 48 * 1024;

    /// <summary>Puts the content where it belongs; call it before the row is written.</summary>
    public async Task<LedgerEntry> AttachAsync(LedgerEntry entry, FileContent encoded, CancellationToken cancellationToken)
    {
        var (key, name) = await keys.ForWritingAsync(entry.Id.Tenant, cancellationToken);
        var content = new SealedContent(encoded, key, IdentityOf(entry));
        entry = entry with { SealedUnder = name };
        if (encoded.Length <= MaxRowBytes)
            return entry with { Payload = content.ToArray() };
        await using var stream = content.OpenRead();
        await store.PutAsync(NameOf(entry.Id), stream, cancellationToken);
        return entry with { PayloadStored = true };
    }

    /// <summary>Reads the content, once; what is large goes to a spool, until the answer is disposed of.</summary>
    /// <exception cref="InvalidDataException">It is gone or damaged.</exception>
    /// <exception cref="Storage.StoreUnavailableException">The store can't be reached, or what it holds can't be spooled.</exception>
    public async Task<StoredContent> ReadAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Payload is not null)
            return new StoredContent(ContentCodec.Decode(await ReadBytesAsync(entry, cancellationToken)));
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

    /// <summary>Reads the content as it was given, into memory.</summary>
    /// <exception cref="InvalidDataException">It is gone or damaged.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadBytesAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        if (entry is { Payload: { } payload, SealedUnder: null })
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
            if (entry.Payload is not null)
                return ContentCodec.Decode(await ReadBytesAsync(entry, cancellationToken));
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

    /// <summary>The same, where the sweep does it later if the store can't be reached; false then.</summary>
    public async Task<bool> TryRemoveAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            await RemoveAsync(entry, cancellationToken);
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

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
        if (entry.SealedUnder is not { } name)
            return await OpenStoredAsync(entry, cancellationToken);
        var key = await keys.ForReadingAsync(entry.Id.Tenant, name, cancellationToken)
            ?? throw new InvalidDataException("The key of the message's content was dropped.");
        var stored = await OpenStoredAsync(entry, cancellationToken);
        try
        {
            return new OpeningStream(stored, key, IdentityOf(entry));
        }
        catch
        {
            await stored.DisposeAsync();
            throw;
        }
    }

    private async Task<Stream> OpenStoredAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Payload is { } payload)
            return FileContent.Of(payload).OpenRead();
        if (!entry.PayloadStored)
            throw new InvalidDataException("The message's content is gone.");
        return await store.OpenAsync(NameOf(entry.Id), cancellationToken)
            ?? throw new InvalidDataException("The message's content is not in the payload store.");
    }

    // What a content is: it does not decrypt as that of another tenant or message, nor as one of another kind. No part can hold a NUL.
    private static byte[] IdentityOf(LedgerEntry entry) =>
        Encoding.UTF8.GetBytes($"EmailFunctions content 1\0{entry.Id.Tenant}\0{entry.Id.Unique}\0{(entry.IsParked ? "parked" : "message")}");

    private static PayloadName NameOf(MessageId id) => new(id.Tenant.Partition, id.Unique);

    private static bool TryReadName(PayloadName name, [NotNullWhen(true)] out MessageId? id)
    {
        id = null;
        return name.Owner.StartsWith("t-", StringComparison.Ordinal) && MessageId.TryParse($"{name.Owner[2..]}~{name.Id}", out id);
    }
}
