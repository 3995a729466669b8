namespace EmailFunctions.Audit;

/// <summary>How long audit rows are kept.</summary>
/// <param name="Retention">So long; null: for ever.</param>
public sealed record AuditSettings(TimeSpan? Retention);
