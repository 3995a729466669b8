using EmailFunctions.Storage;

namespace EmailFunctions.Payloads;

/// <summary>
/// Message contents too large for their ledger row. Every member throws <see cref="StoreUnavailableException"/> when the store
/// can't be reached.
/// </summary>
public interface IPayloadStore
{
    /// <summary>Stores <paramref name="content"/> under <paramref name="name"/>, durably, replacing what was there.</summary>
    /// <param name="name">The name.</param>
    /// <param name="content">All of it counts. It can be sought, since it may have to be read again, and stays the caller's.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task PutAsync(PayloadName name, Stream content, CancellationToken cancellationToken);

    /// <summary>Opens a payload for reading; null when there is none.</summary>
    Task<Stream?> OpenAsync(PayloadName name, CancellationToken cancellationToken);

    /// <summary>Removes a payload; removing one that is not there is no error.</summary>
    Task DeleteAsync(PayloadName name, CancellationToken cancellationToken);

    /// <summary>All payloads stored before <paramref name="before"/>, in no particular order.</summary>
    IAsyncEnumerable<PayloadName> ListAsync(DateTimeOffset before, CancellationToken cancellationToken);
}

/// <summary>The name of a payload: a folder for its owner, and a name within.</summary>
/// <param name="Owner">1 to 80 of letters, digits, <c>.</c>, <c>_</c>, <c>-</c>, beginning with a letter or digit.</param>
/// <param name="Id">The same.</param>
public sealed record PayloadName(string Owner, string Id)
{
    public string Owner { get; } = Checked(Owner);

    public string Id { get; } = Checked(Id);

    /// <summary>The name; null when a part is not allowed.</summary>
    public static PayloadName? TryCreate(string owner, string id) => IsAllowed(owner) && IsAllowed(id) ? new(owner, id) : null;

    private static string Checked(string part) =>
        IsAllowed(part) ? part : throw new ArgumentException("A payload's name has a character or a length that is not allowed.");

    // A name becomes a path and a URL, so it holds nothing that either of them reads as more than a name.
    private static bool IsAllowed(string part) =>
        part.Length is > 0 and <= 80
        && char.IsAsciiLetterOrDigit(part[0])
        && part.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
