namespace EmailFunctions.Providers.Ses;

/// <summary>How this deployment uses Amazon SES.</summary>
/// <param name="AllowDefaultCredentials">Whether an account without keys sends with the service's own (environment, profile, role), as the AWS SDK finds them.</param>
public sealed record SesOptions(bool AllowDefaultCredentials = false);
