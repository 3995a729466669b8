namespace EmailFunctions.TestKit;

/// <summary>One connection that a <see cref="SmtpSink"/> has or had.</summary>
/// <param name="Number">Its number; the first connection is 1.</param>
/// <param name="ClientPort">The client's TCP port.</param>
/// <param name="Users">The names that the client has authenticated with on it.</param>
public sealed record SmtpSinkConnection(int Number, int ClientPort, IReadOnlyList<string> Users);
