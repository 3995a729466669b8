namespace EmailFunctions.TestKit;

/// <summary>The user a <see cref="SmtpSink"/> lets in.</summary>
/// <param name="UserName">The user's name, compared exactly.</param>
/// <param name="Password">The password, compared exactly.</param>
public sealed record SmtpSinkCredentials(string UserName, string Password);
