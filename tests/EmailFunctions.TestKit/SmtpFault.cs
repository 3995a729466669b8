namespace EmailFunctions.TestKit;

/// <summary>
/// What a fault script makes a connection do. Within one fault the order is: accept the message (only the
/// "after accept" kinds), wait for the time, wait for the hold, reply, close.
/// </summary>
public sealed record SmtpFault
{
    private SmtpFault()
    {
    }

    internal string? ReplyText { get; init; }

    internal TimeSpan Pause { get; init; }

    internal SmtpHold? Hold { get; init; }

    internal SmtpEnding Ending { get; init; }

    internal bool AcceptFirst { get; init; }

    internal bool Refuses => ReplyText is { } text && text[0] is '4' or '5';

    /// <summary>
    /// Answers with a given reply. A 4xx or 5xx reply takes the place of the command's effect; any other reply only
    /// takes the place of the usual answer. A refusal at <see cref="SmtpStage.Connect"/> or
    /// <see cref="SmtpStage.DataBody"/>, and any 421, also closes the connection.
    /// </summary>
    /// <param name="reply">The reply without the last line end, for example "451 4.7.1 try later".</param>
    /// <exception cref="ArgumentException">The reply does not begin with a three-digit code of 2 to 5.</exception>
    public static SmtpFault Reply(string reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        if (reply.Length < 3 || reply[0] is < '2' or > '5' || !char.IsAsciiDigit(reply[1]) || !char.IsAsciiDigit(reply[2]))
        {
            throw new ArgumentException("A reply begins with a three-digit code.", nameof(reply));
        }

        return new SmtpFault { ReplyText = reply };
    }

    /// <summary>Waits, then goes on as usual.</summary>
    /// <param name="time">How long.</param>
    public static SmtpFault Delay(TimeSpan time) => new() { Pause = time };

    /// <summary>Closes the connection (FIN) in place of an answer and of the command's effect.</summary>
    public static SmtpFault Close() => new() { Ending = SmtpEnding.Close };

    /// <summary>Breaks the connection (RST) in place of an answer and of the command's effect.</summary>
    public static SmtpFault Break() => new() { Ending = SmtpEnding.Break };

    /// <summary>
    /// At <see cref="SmtpStage.EndOfData"/>: accepts the message, then closes the connection without the reply, so
    /// that the client cannot know. At any other stage the same as <see cref="Close"/>.
    /// </summary>
    public static SmtpFault CloseAfterAccept() => new() { Ending = SmtpEnding.Close, AcceptFirst = true };

    /// <summary>Waits until the hold is released, then goes on as usual.</summary>
    /// <param name="hold">The hold; several connections may wait at the same one.</param>
    public static SmtpFault Hang(SmtpHold hold) => new() { Hold = hold };

    /// <summary>At <see cref="SmtpStage.EndOfData"/>: accepts the message, then waits before the reply.</summary>
    /// <param name="hold">The hold; several connections may wait at the same one.</param>
    public static SmtpFault HangAfterAccept(SmtpHold hold) => new() { Hold = hold, AcceptFirst = true };

    /// <summary>The same fault after a wait.</summary>
    /// <param name="time">How long to wait first.</param>
    public SmtpFault After(TimeSpan time) => this with { Pause = time };

    /// <summary>The same fault after a hold was released.</summary>
    /// <param name="hold">The hold to wait at first.</param>
    public SmtpFault After(SmtpHold hold) => this with { Hold = hold };

    /// <summary>The same fault, with the connection closed after its reply.</summary>
    public SmtpFault ThenClose() => this with { Ending = SmtpEnding.Close };
}
