namespace EmailFunctions.Delivery;

/// <summary>
/// The function <c>DispatchEmail</c>: takes one message of the internal queue. The local pump calls it, and a queue trigger will.
/// It returns when the queue's message may be removed, and throws when it is to be delivered again.
/// </summary>
public sealed partial class DispatchFunction(MessageDispatcher dispatcher, ILogger<DispatchFunction> logger)
{
    public async Task RunAsync(ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (DispatchQueue.Read(body.Span) is { } id)
            await dispatcher.DispatchAsync(id, cancellationToken);
        else
            NotAReference(logger, body.Length);
    }

    [LoggerMessage(EventId = 320, Level = LogLevel.Error, Message = "The dispatch queue had a message of {Length} bytes that is no reference; it was dropped.")]
    private static partial void NotAReference(ILogger logger, int length);
}
