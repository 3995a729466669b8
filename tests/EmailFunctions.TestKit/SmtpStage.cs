namespace EmailFunctions.TestKit;

/// <summary>The points of an SMTP connection at which the fault script is asked.</summary>
public enum SmtpStage
{
    /// <summary>A connection was made (with implicit TLS: after the handshake); the greeting is due.</summary>
    Connect,

    /// <summary>EHLO or HELO was read.</summary>
    Ehlo,

    /// <summary>STARTTLS was read; the handshake has not begun.</summary>
    StartTls,

    /// <summary>AUTH was read; its exchange has not begun.</summary>
    Auth,

    /// <summary>MAIL FROM was read.</summary>
    MailFrom,

    /// <summary>RCPT TO was read; asked once for each recipient.</summary>
    RcptTo,

    /// <summary>DATA was read; 354 is due. Or BDAT was read; its bytes were not.</summary>
    Data,

    /// <summary>The first bytes of a message's content were read; asked once for each message.</summary>
    DataBody,

    /// <summary>The line with the single dot was read, or the last piece of BDAT; the final reply is due.</summary>
    EndOfData,
}
