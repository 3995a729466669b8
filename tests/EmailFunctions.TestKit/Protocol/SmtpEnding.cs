namespace EmailFunctions.TestKit;

/// <summary>Whether and how a fault ends its connection.</summary>
internal enum SmtpEnding
{
    None,

    /// <summary>An orderly close (FIN).</summary>
    Close,

    /// <summary>A reset (RST).</summary>
    Break,
}
