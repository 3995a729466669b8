namespace EmailFunctions.TestKit;

/// <summary>A <see cref="SmtpSink"/>'s counts at one moment.</summary>
/// <param name="ConnectionsOpened">Connections accepted since the start or the last <see cref="SmtpSink.Clear"/>.</param>
/// <param name="ConnectionsNow">Connections open now.</param>
/// <param name="ConnectionsAtOnce">The most connections that were open at the same time since the start or the last clear.</param>
/// <param name="MessagesAccepted">Messages accepted since the start or the last clear.</param>
/// <param name="Resets">RSET commands read since the start or the last clear.</param>
public readonly record struct SmtpSinkCounts(
    int ConnectionsOpened,
    int ConnectionsNow,
    int ConnectionsAtOnce,
    int MessagesAccepted,
    int Resets);
