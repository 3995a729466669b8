namespace EmailFunctions.Providers.Http;

/// <summary>A row of a vendor's table, and how it is recognised.</summary>
/// <param name="Row">What it means.</param>
/// <param name="Matches">Whether an answer is of this row.</param>
internal sealed record AnswerRule(AnswerRow Row, Func<VendorAnswer, bool> Matches)
{
    public AnswerRule(string answer, SendStatus status, ErrorCategory? category, Func<VendorAnswer, bool> matches)
        : this(new AnswerRow(answer, status, category), matches)
    {
    }

    /// <summary>
    /// How long to wait where the vendor does not say, and at least: its wait may be for another of its limits
    /// (<see cref="VendorAnswer.IsWaitExact"/>). Null: as the vendor says, or as the service thinks best.
    /// </summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>A row that is decided before the vendor is asked.</summary>
    public static AnswerRule Beforehand(AnswerRow row) => new(row, static _ => false);
}

/// <summary>From a vendor's answer to what it means. The first rule that matches decides, and nothing else does.</summary>
internal sealed class AnswerTable
{
    /// <summary>Somebody between us and the vendor answers in its place, and does not know what became of what it passed on.</summary>
    public static readonly AnswerRule GatewayTimeout = new(
        "504: a gateway gave up waiting, the message may have been taken", SendStatus.Unknown, ErrorCategory.Timeout, static a => a is { Status: 504, IsHandedOver: true });

    // Nobody waits longer because of a header.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private static readonly AnswerRule[] WithoutAnswer =
    [
        new(AnswerRow.PlaceRefused, static a => a.Failure == CallFailure.PlaceRefused),
        new("The host name is not known", SendStatus.Transient, ErrorCategory.Network, static a => a.Failure == CallFailure.UnknownHost),
        new("No connection: refused, not reachable, or closed while TLS was agreed on", SendStatus.Transient, ErrorCategory.Network, static a => a.Failure == CallFailure.NoConnection),
        new("TLS could not be agreed on, or the certificate is not trusted", SendStatus.Misconfigured, ErrorCategory.Config, static a => a.Failure == CallFailure.NoTrust),
        new("No connection in time", SendStatus.Transient, ErrorCategory.Timeout, static a => a.Failure == CallFailure.ConnectTimeout),
        new("The connection was lost before the message was handed over", SendStatus.Transient, ErrorCategory.Network, static a => a.Failure == CallFailure.LostBefore),
        new("The message was not handed over in time", SendStatus.Transient, ErrorCategory.Timeout, static a => a.Failure == CallFailure.TimeoutBefore),
        new("The connection was lost after the message was handed over, before an answer", SendStatus.Unknown, ErrorCategory.Network, static a => a.Failure == CallFailure.LostAfter),
        new("No answer in time after the message was handed over, or the service was stopped meanwhile", SendStatus.Unknown, ErrorCategory.Timeout, static a => a.Failure == CallFailure.TimeoutAfter),
    ];

    private static readonly AnswerRule AnythingElse = new("Anything else", SendStatus.Transient, ErrorCategory.Unexpected, static _ => true);

    private readonly AnswerRule[] _rules;

    /// <param name="rules">The vendor's own, in order. What happens without an answer, and what is in no row, is the same for all.</param>
    public AnswerTable(IEnumerable<AnswerRule> rules)
    {
        _rules = [.. rules, .. WithoutAnswer, AnythingElse];
        Rows = [.. _rules.Select(static rule => rule.Row)];
    }

    /// <summary>All rows, in the order in which they are tried.</summary>
    public IReadOnlyList<AnswerRow> Rows { get; }

    /// <summary>What an answer means.</summary>
    public SendResult Read(VendorAnswer answer)
    {
        var rule = _rules.First(rule => rule.Matches(answer));
        return rule.Row.ToResult(answer.Summary) with
        {
            ProviderMessageId = rule.Row.Status == SendStatus.Sent ? answer.MessageId : null,
            RetryAfter = rule.Row.Status is SendStatus.Throttled or SendStatus.Transient ? WaitOf(rule, answer) : null,
        };
    }

    /// <summary>The same, for a call that only asked.</summary>
    public ProbeResult ReadProbe(VendorAnswer answer)
    {
        var result = Read(answer);
        return ProbeResult.Unhealthy(result.Category ?? ErrorCategory.Unexpected, result.Answer);
    }

    private static TimeSpan? WaitOf(AnswerRule rule, VendorAnswer answer)
    {
        // A wait that is over says nothing, and would only mean to try again at once.
        if (answer.RetryAfter is not { } asked || asked <= TimeSpan.Zero)
            return rule.Wait;
        var wait = asked < LongestWait ? asked : LongestWait;
        return rule.Wait is { } least && least > wait && !answer.IsWaitExact ? least : wait;
    }
}
