namespace EmailFunctions.Providers.Mailgun;

/// <summary>How this deployment uses Mailgun.</summary>
/// <param name="TestMode">Whether messages are taken, and delivered to nobody.</param>
public sealed record MailgunOptions(bool TestMode = false);
