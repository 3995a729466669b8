namespace EmailFunctions.TestKit;

/// <summary>How a <see cref="SmtpSink"/> uses TLS.</summary>
public enum SmtpSinkTls
{
    /// <summary>Plain text only.</summary>
    None,

    /// <summary>Plain text at first; EHLO offers STARTTLS.</summary>
    StartTls,

    /// <summary>TLS from the first byte, as on port 465.</summary>
    Implicit,
}
