using EmailFunctions.Messages;
using EmailFunctions.Problems;

namespace EmailFunctions.Ingest;

/// <summary>Accepts parked messages after all.</summary>
internal sealed class ParkedReplay(ProducerInbox inbox, ParkedMessages parked, MessagePayloads payloads)
{
    /// <summary>Accepts it as if it came now, and ends the dead letter; returns the id of the message.</summary>
    /// <exception cref="ProblemException">It still can't be accepted; it stays parked.</exception>
    public async Task<MessageId> ReplayAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        var acceptance = await inbox.AcceptAsync(await ReadAsync(entry, cancellationToken), cancellationToken);
        // Not ended: another replay was as quick, and the message's name lets it in only once.
        if (await parked.TryEndAsync(entry, cancellationToken))
            await payloads.RemoveAsync(entry, cancellationToken);
        return MessageId.Parse(acceptance.MessageId);
    }

    private async Task<Delivered> ReadAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            return await parked.ReadAsync(entry, cancellationToken);
        }
        catch (InvalidDataException)
        {
            throw Problem.Conflict("The message's content is gone; it can only be discarded.");
        }
    }
}
