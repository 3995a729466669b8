namespace EmailFunctions.TestKit.ServiceBus;

/// <summary>What was done with a queue since its start.</summary>
/// <param name="Sends">Transfers that came, whatever became of them: an envelope of many messages is one.</param>
/// <param name="Refused">Of these, how many were refused or not answered.</param>
/// <param name="Messages">Messages that were stored.</param>
/// <param name="Scheduled">Of these, how many were for later.</param>
/// <param name="Deliveries">Messages sent to receivers, repeated ones included.</param>
/// <param name="Completes">Deliveries that the receiver accepted in time.</param>
/// <param name="Abandons">Deliveries that the receiver gave back (modified or released).</param>
/// <param name="Rejects">Deliveries that the receiver rejected, which puts them on the dead-letter queue.</param>
/// <param name="LocksLost">Deliveries whose lock ended, or whose link did, before they were settled.</param>
/// <param name="DeadLettered">Messages moved to the dead-letter queue.</param>
public sealed record ServiceBusCounts(
    int Sends,
    int Refused,
    int Messages,
    int Scheduled,
    int Deliveries,
    int Completes,
    int Abandons,
    int Rejects,
    int LocksLost,
    int DeadLettered)
{
    /// <summary>What Service Bus would charge for, as long as no operation is over 64 KB: sends, deliveries and settlements.</summary>
    public int Operations => Sends + Deliveries + Completes + Abandons + Rejects;
}
