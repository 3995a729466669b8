namespace EmailFunctions.TestKit.ServiceBus;

/// <summary>Where in a conversation a connection can be cut. Links to <c>$cbs</c> don't count.</summary>
public enum AmqpStep
{
    /// <summary>The client connected and sent its first bytes; it gets no answer.</summary>
    Connected,

    /// <summary>The client got the broker's open.</summary>
    Opened,

    /// <summary>The client got the broker's attach.</summary>
    Attached,

    /// <summary>A transfer came in full, or in part, and the broker never sees it.</summary>
    TransferArrived,

    /// <summary>The broker answered a transfer, and the client never sees the answer.</summary>
    TransferAnswered,

    /// <summary>The client got the broker's answer to a transfer.</summary>
    AnswerDelivered,

    /// <summary>The client was sent a message.</summary>
    MessageDelivered,

    /// <summary>The client settled a message, and the broker never sees it.</summary>
    SettlementArrived,
}
