namespace EmailFunctions.TestKit.ServiceBus;

/// <summary>How a queue behaves.</summary>
public sealed record ServiceBusQueueOptions
{
    /// <summary>How often a message is delivered before it goes to the dead-letter queue.</summary>
    public int MaxDeliveryCount { get; init; } = 10;

    /// <summary>How long a message that was delivered is the receiver's.</summary>
    public TimeSpan LockDuration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The largest transfer in bytes, envelopes of many messages included.</summary>
    public int MaxTransferBytes { get; init; } = 256 * 1024;

    /// <summary>How many messages the queue holds, those scheduled and locked included; a send beyond is refused as over quota.</summary>
    public int MaxMessages { get; init; } = int.MaxValue;
}
