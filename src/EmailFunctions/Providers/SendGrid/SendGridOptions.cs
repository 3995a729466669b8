namespace EmailFunctions.Providers.SendGrid;

/// <summary>How this deployment uses SendGrid.</summary>
/// <param name="Sandbox">Whether messages are only checked, and delivered to nobody.</param>
public sealed record SendGridOptions(bool Sandbox = false);
