using EmailFunctions.Messages;
using EmailFunctions.Providers;

namespace EmailFunctions.Delivery;

/// <summary>A message with all that its sending needs, or why it can't be sent; and how far its attempt has come.</summary>
/// <param name="stored">Its content, held until the attempt is over; null where it can't be read.</param>
/// <param name="email">The message; null where it can't be read.</param>
/// <param name="route">Who may send it, in this order; none where they could not be found.</param>
/// <param name="claimed">The message's row.</param>
/// <param name="failure">What is missing; null: nothing.</param>
internal sealed class PreparedEmail(StoredContent? stored, OutgoingEmail? email, IReadOnlyList<ProviderAccount> route, LedgerEntry claimed, SendResult? failure) : IDisposable
{
    private readonly HashSet<int> _deferred = [];

    // What was said, and at which place, by who may take the message later.
    private (SendResult Result, int Place)? _instead;

    /// <summary>The content; null where it can't be read.</summary>
    public OutgoingEmail? Email => email;

    /// <summary>Who may send it, in this order; none where they could not be found.</summary>
    public IReadOnlyList<ProviderAccount> Route => route;

    /// <summary>The route without secrets.</summary>
    public IReadOnlyList<ProviderSettings> Settings => field ??= [.. Route.Select(static account => account.Settings)];

    /// <summary>What is missing; null: nothing.</summary>
    public SendResult? Failure { get; private set; } = failure;

    public bool CanBeSent => Failure is null;

    /// <summary>Why the chosen provider is not called; null: it is.</summary>
    public SendResult? Refusal { get; set; }

    /// <summary>Whether nothing is in the way of a call.</summary>
    public bool IsToBeCalled => CanBeSent && Refusal is null;

    /// <summary>Whether all places that its tenant may have at providers are held.</summary>
    public bool FindsNoPlace { get; private set; }

    /// <summary>The place in the route of who is asked next.</summary>
    public int Place { get; private set; } = Math.Min(claimed.UnclearPlace ?? claimed.NextPlace, Math.Max(0, route.Count - 1));

    /// <summary>The end of the places that may be asked: where one may have sent it already, no other may.</summary>
    public int End => IsUnclear ? Place + 1 : Route.Count;

    /// <summary>Whether somebody may have sent it already.</summary>
    public bool IsUnclear => claimed.UnclearPlace is not null;

    /// <summary>Whether some recipients were called for in this attempt, so that its slot is used.</summary>
    public bool IsBegun { get; private set; }

    public string? ConfigVersion => Route.Count > 0 ? Route[0].Version : null;

    /// <summary>The recipients of the next call of a provider, of those who are still open.</summary>
    public OutgoingEmail NextCall(LedgerEntry entry, int maxRecipients)
    {
        var open = entry.OpenRecipients.Where(position => !_deferred.Contains(position)).Take(maxRecipients).ToList();
        return open.Count == Email!.Recipients.Count ? Email : Email with { Recipients = open };
    }

    /// <summary>Whether somebody stays to be called for after a call.</summary>
    public bool HasMoreAfter(LedgerEntry entry, OutgoingEmail call) =>
        call.Recipients.Count + _deferred.Count < entry.OpenRecipients.Count;

    /// <summary>The next call is for those whom this one did not name.</summary>
    public void GoOn(Attempt attempt)
    {
        IsBegun = true;
        _deferred.UnionWith(attempt.Result.DeferredRecipients);
    }

    /// <summary>The next call is of the provider at <paramref name="next"/>; false where there is none.</summary>
    /// <param name="next">Who is asked.</param>
    /// <param name="result">Why those before were not, or what they said.</param>
    public bool TryGoTo(int next, SendResult result)
    {
        if (result.Status != SendStatus.Misconfigured)
            _instead = (result, Place);
        if (next >= End)
            return false;
        Place = next;
        return true;
    }

    /// <summary>Nobody can be called.</summary>
    public void Fail(SendResult result) => Failure = result;

    /// <summary>Nobody can be called now, since all places that its tenant may have are held.</summary>
    public void PutOff(SendResult result) => (Failure, FindsNoPlace) = (result, true);

    /// <summary>
    /// What counts where nobody took the message. One provider that may take it later is enough to wait for, even where the last one needs
    /// another configuration; that says nothing about other messages, for which the last one may do.
    /// </summary>
    public Attempt MoreHopeful(Attempt attempt) =>
        _instead is { } earlier && attempt.Result.Status == SendStatus.Misconfigured
            ? attempt with { Result = earlier.Result, Account = Route[earlier.Place], Place = earlier.Place, WaitsAlone = true }
            : attempt;

    public void Dispose() => stored?.Dispose();
}
