namespace EmailFunctions.Access.Tokens;

/// <summary>How callers prove who they are: by access tokens (JWT) of an OpenID Connect issuer.</summary>
/// <param name="Authority">The issuer; its keys are read from its discovery document.</param>
/// <param name="Audience">What a token for this service names as its audience.</param>
/// <param name="TenantClaim">The claim that names the caller's tenant.</param>
/// <param name="AdminRole">The value in the claim <c>roles</c> that makes an admin.</param>
public sealed record TokenRules(Uri Authority, string Audience, string TenantClaim, string AdminRole);
