namespace EmailFunctions.TestKit.Protocol;

/// <summary>The sink's own replies, RFC 5321 with the codes of RFC 3463.</summary>
internal static class Replies
{
    public static readonly SmtpReply Ok = new(250, "2.0.0", "ok");
    public static readonly SmtpReply Bye = new(221, "2.0.0", "bye");
    public static readonly SmtpReply SenderOk = new(250, "2.1.0", "sender ok");
    public static readonly SmtpReply RecipientOk = new(250, "2.1.5", "recipient ok");
    public static readonly SmtpReply Accepted = new(250, "2.0.0", "accepted");
    public static readonly SmtpReply StartContent = new(354, "", "end with a single dot");
    public static readonly SmtpReply StartTls = new(220, "2.0.0", "ready for TLS");
    public static readonly SmtpReply Authenticated = new(235, "2.7.0", "authenticated");
    public static readonly SmtpReply BadCredentials = new(535, "5.7.8", "wrong user or password");
    public static readonly SmtpReply BadAuthResponse = new(501, "5.5.2", "not a valid response");
    public static readonly SmtpReply AuthRequired = new(530, "5.7.0", "authentication required");
    public static readonly SmtpReply NoSuchMechanism = new(504, "5.5.4", "mechanism not offered");
    public static readonly SmtpReply UnknownCommand = new(500, "5.5.2", "command not known");
    public static readonly SmtpReply NotImplemented = new(502, "5.5.1", "command not implemented");
    public static readonly SmtpReply BadSequence = new(503, "5.5.1", "not now");
    public static readonly SmtpReply BadArgument = new(501, "5.5.4", "argument not understood");
    public static readonly SmtpReply BadParameter = new(555, "5.5.4", "parameter not offered");
    public static readonly SmtpReply NeedsUtf8 = new(553, "5.6.7", "address needs SMTPUTF8");
    public static readonly SmtpReply TooLarge = new(552, "5.3.4", "message too large");
    public static readonly SmtpReply TooManyConnections = new(421, "4.7.0", "too many connections");
    public static readonly SmtpReply LineTooLong = new(500, "5.5.6", "line too long");
}
