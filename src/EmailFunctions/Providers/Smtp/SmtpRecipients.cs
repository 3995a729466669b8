namespace EmailFunctions.Providers.Smtp;

/// <summary>Those recipients of one message whom the server did not take, and what it said to each.</summary>
internal sealed class SmtpRecipients
{
    private readonly List<(string Address, SmtpAnswer Answer, AnswerRow Row)> _refusals = [];

    /// <summary>
    /// The refusal that counts where all were refused: one that is not about a recipient before the others, then one for now, since the
    /// message is worth another try.
    /// </summary>
    public SmtpAnswer Decisive => _refusals.MinBy(static refusal => refusal.Row switch
    {
        { Category: not ErrorCategory.Recipient } => 0,
        { Status: not SendStatus.Permanent } => 1,
        // What the server did not say is no answer of its own.
        _ => refusal.Answer.Event == SmtpEvent.Reply ? 2 : 3,
    }).Answer;

    public void Add(string address, SmtpAnswer answer) => _refusals.Add((address, answer, SmtpAnswers.RowOf(answer)));

    /// <summary>The result with those named that the server refused, for good and for now, while it took the others.</summary>
    public SendResult Complete(SendResult result, OutgoingEmail email) => _refusals.Count == 0 || result.Status == SendStatus.Permanent
        ? result
        : result with
        {
            RefusedRecipients = Positions(email, static row => row is { Status: SendStatus.Permanent }),
            DeferredRecipients = result.Status == SendStatus.Sent ? Positions(email, static row => row is not { Status: SendStatus.Permanent }) : [],
        };

    // By address, since a server is asked only once for one that is given twice.
    private List<int> Positions(OutgoingEmail email, Func<AnswerRow, bool> which)
    {
        var addresses = _refusals.Where(refusal => which(refusal.Row)).Select(static refusal => refusal.Address).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var asked = email.Addresses();
        return [.. Enumerable.Range(0, asked.Count).Where(index => addresses.Contains(asked[index])).Select(index => email.Recipients[index])];
    }
}
