using EmailFunctions.Messages;
using EmailFunctions.Problems;

namespace EmailFunctions.Ingest;

/// <summary>Accepts parked messages after all.</summary>
internal sealed class ParkedReplay(ProducerInbox inbox, ParkedMessages parked)
{
    /// <summary>Accepts it as if it came now; returns the id of the message. The dead letter is the caller's to end.</summary>
    /// <exception cref="ProblemException">It still can't be accepted; it stays parked.</exception>
    public async Task<MessageId> AcceptAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        var acceptance = await inbox.AcceptAsync(await ReadAsync(entry, cancellationToken), cancellationToken);
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
