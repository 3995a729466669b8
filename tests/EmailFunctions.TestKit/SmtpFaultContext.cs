namespace EmailFunctions.TestKit;

/// <summary>What a fault script is told about the point a connection has reached.</summary>
public sealed record SmtpFaultContext
{
    /// <summary>The point.</summary>
    public required SmtpStage Stage { get; init; }

    /// <summary>How often any connection of this sink has reached this stage, this time included; from 1.</summary>
    public required int Occurrence { get; init; }

    /// <summary>The connection's number; from 1.</summary>
    public required int ConnectionNumber { get; init; }

    /// <summary>Which MAIL transaction of this connection this is; from 1, and 0 before the first.</summary>
    public required int TransactionNumber { get; init; }

    /// <summary>The command line without its line end; empty where the stage is not a command.</summary>
    public required string Command { get; init; }

    /// <summary>The envelope sender so far; empty before MAIL was accepted.</summary>
    public required string MailFrom { get; init; }

    /// <summary>The recipients accepted so far, as a copy.</summary>
    public required IReadOnlyList<string> Recipients { get; init; }

    /// <summary>At <see cref="SmtpStage.EndOfData"/> the recorded headers; empty elsewhere.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }
}
