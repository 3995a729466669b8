namespace EmailFunctions.Messages;

/// <summary>Which of a tenant's dead letters, by when they became so.</summary>
/// <param name="After">Those behind this place; null: from the first.</param>
/// <param name="From">At this time or later; null: from the first.</param>
/// <param name="To">Before this time; null: to the last.</param>
public sealed record DeadRange(string? After, DateTimeOffset? From, DateTimeOffset? To);

/// <summary>A dead letter, and its place among its tenant's: digits, <c>-</c> and the message's own digits, which sort by time.</summary>
public sealed record DeadPlace(MessageId Id, string Place);

/// <summary>A message, and the row by which it was found.</summary>
internal sealed record IndexPlace(MessageId Id, string Row);
