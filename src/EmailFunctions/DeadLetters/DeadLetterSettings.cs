namespace EmailFunctions.DeadLetters;

/// <summary>How long messages are kept that nothing more happens to by itself.</summary>
/// <param name="Lifetime">A dead letter.</param>
/// <param name="HeldLifetime">A message that is held.</param>
public sealed record DeadLetterSettings(TimeSpan Lifetime, TimeSpan HeldLifetime);
