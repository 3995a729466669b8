using EmailFunctions.Messages;

namespace EmailFunctions.Delivery;

/// <summary>Who this process is, and when another's claim on a message counts as abandoned.</summary>
/// <param name="Instance">Names this process, differently at each start.</param>
/// <param name="IsOnlyProcess">
/// No other process works on this data, as under the local data folder's lock: whoever else has a claim is dead.
/// </param>
public sealed record ClaimPolicy(string Instance, bool IsOnlyProcess)
{
    /// <summary>How long an attempt may last before it counts as abandoned.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>How long a provider may take; the rest of the claim is for writing down what it said.</summary>
    public static readonly TimeSpan SendTime = TimeSpan.FromMinutes(4);

    /// <summary>When the sending of a claimed message must be over.</summary>
    public static DateTimeOffset SendingEnds(LedgerEntry claimed) => claimed.ClaimedUntil!.Value - (Lifetime - SendTime);

    /// <summary>How far two processes' clocks may differ.</summary>
    public static readonly TimeSpan ClockDifference = TimeSpan.FromSeconds(1);

    /// <summary>The row of a message that this process is about to send.</summary>
    public LedgerEntry Claim(LedgerEntry entry, DateTimeOffset now) =>
        (entry with
        {
            Status = MessageStatus.Sending,
            Reason = null,
            Limit = null,
            IsWaiting = false,
            DueAt = now,
            // If this process dies, a sweep finds the message.
            SweepAt = entry.IsWaiting || entry.SweepAt is null ? now : entry.SweepAt,
            Attempts = entry.Attempts + 1,
            FirstAttemptAt = entry.FirstAttemptAt ?? now,
            ClaimedBy = Instance,
            ClaimedUntil = now + Lifetime,
        }).WithHistory(new HistoryEntry(MessageStatus.Sending.Name(), now) { Attempt = entry.Attempts + 1 });

    public bool IsAbandoned(LedgerEntry entry, DateTimeOffset now) =>
        (IsOnlyProcess && entry.ClaimedBy != Instance) || now > entry.ClaimedUntil + ClockDifference;
}
