using System.Diagnostics;

namespace EmailFunctions.TestKit;

/// <summary>One message that a <see cref="SmtpSink"/> accepted.</summary>
public sealed record SmtpSinkMessage
{
    /// <summary>
    /// When the end of the message was read, before the reply: a <see cref="Stopwatch.GetTimestamp"/> value, in
    /// units of 1/<see cref="Stopwatch.Frequency"/> seconds.
    /// </summary>
    public required long ArrivalTimestamp { get; init; }

    /// <summary>The same moment as wall-clock time.</summary>
    public required DateTimeOffset ArrivedUtc { get; init; }

    /// <summary>The number of the connection it came over; the first connection is 1.</summary>
    public required int ConnectionNumber { get; init; }

    /// <summary>Whether its content came by BDAT, not DATA.</summary>
    public required bool Chunked { get; init; }

    /// <summary>Whether that connection was encrypted.</summary>
    public required bool Encrypted { get; init; }

    /// <summary>The name the client had authenticated with, or null.</summary>
    public required string? AuthenticatedAs { get; init; }

    /// <summary>The envelope sender, without the angle brackets; empty for the null sender.</summary>
    public required string MailFrom { get; init; }

    /// <summary>The parameters after the sender as the client wrote them, for example "BODY=8BITMIME".</summary>
    public required string MailParameters { get; init; }

    /// <summary>The accepted envelope recipients in order, without the angle brackets.</summary>
    public required IReadOnlyList<string> Recipients { get; init; }

    /// <summary>
    /// The headers named in <see cref="SmtpSinkOptions.CaptureHeaders"/> in the order of the message, a header
    /// that occurs twice twice. Names as the message spells them; values unfolded, trimmed, decoded as UTF-8.
    /// </summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    /// <summary>The message's size in bytes, after removing the transparency dots.</summary>
    public required long Size { get; init; }

    /// <summary>The message's bytes, when <see cref="SmtpSinkOptions.KeepContent"/> is on; otherwise empty.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>The first recorded value of a header, or null. The case of the name does not matter.</summary>
    /// <param name="name">The header's name.</param>
    public string? Header(string name)
    {
        foreach (var (key, value) in Headers)
        {
            if (string.Equals(key, name, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return null;
    }
}
