namespace EmailFunctions.Providers.Smtp;

/// <summary>The parts of an SMTP conversation, in their order.</summary>
internal enum SmtpPhase
{
    /// <summary>The name is looked up and the connection made.</summary>
    Connect,

    /// <summary>The greeting, EHLO, STARTTLS and the handshake.</summary>
    Greeting,

    /// <summary>AUTH.</summary>
    Auth,

    /// <summary>MAIL FROM.</summary>
    Sender,

    /// <summary>RCPT TO.</summary>
    Recipient,

    /// <summary>DATA, before the content.</summary>
    Data,

    /// <summary>The content is on its way.</summary>
    Content,

    /// <summary>The content is out, and the server has to say whether it takes the message.</summary>
    Answer,

    /// <summary>RSET, after a refusal.</summary>
    Reset,
}
