using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Storage;

namespace EmailFunctions.Ingest;

/// <summary>
/// The function <c>IngestEmail</c>: takes one message of the queue that is open to event producers. It is accepted or parked when this
/// returns; it throws when the message is to be delivered again.
/// </summary>
internal sealed partial class IngestFunction(ProducerInbox inbox, ParkedMessages parked, ILogger<IngestFunction> logger)
{
    /// <summary>Takes a message.</summary>
    /// <exception cref="StoreUnavailableException">The store can't be reached.</exception>
    public async Task RunAsync(Delivered delivered, CancellationToken cancellationToken)
    {
        try
        {
            await inbox.AcceptAsync(delivered, cancellationToken);
        }
        catch (ProblemException refused) when (refused.Problem.Status < 500)
        {
            await parked.ParkAsync(delivered, refused.Problem, cancellationToken);
        }
    }

    /// <summary>
    /// Takes a message that failed on all its deliveries: what no try gets through is parked. While the store can't be reached it throws
    /// as ever, and the message stays where it is.
    /// </summary>
    public async Task RecoverAsync(Delivered delivered, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(delivered, cancellationToken);
        }
        catch (Exception exception) when (exception is not (StoreUnavailableException or KeyUnavailableException { IsLasting: false } or OperationCanceledException))
        {
            IngestFailed(logger, exception);
            await parked.ParkAsync(delivered, Problem.OfStatus(500), cancellationToken);
        }
    }

    [LoggerMessage(EventId = 241, Level = LogLevel.Error, Message = "A producer's message can't be processed; it is parked.")]
    private static partial void IngestFailed(ILogger logger, Exception exception);
}
