namespace EmailFunctions.DeadLetters;

/// <summary>How long a dead letter is kept.</summary>
public sealed record DeadLetterSettings(TimeSpan Lifetime);
