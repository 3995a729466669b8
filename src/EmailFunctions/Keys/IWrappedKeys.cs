using EmailFunctions.Storage;

namespace EmailFunctions.Keys;

/// <summary>
/// Rows of one kind that hold a wrapped key each, as <see cref="WrappedKeyRow"/> puts it. Whoever re-wraps keys reads all kinds; a new kind
/// joins by an implementation, and a key of <see cref="StoredKeys"/> by being one.
/// </summary>
public interface IWrappedKeys
{
    /// <summary>What the rows are, in the singular.</summary>
    string Kind { get; }

    /// <summary>How many there are; reads once for each thousand.</summary>
    Task<int> CountAsync(CancellationToken cancellationToken);

    /// <summary>Reads some of them, in the order of their names.</summary>
    /// <param name="after">The name behind whose place to begin; null: the first.</param>
    /// <param name="limit">How many to look at, 1 to 1,000.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The rows, of which there may be none, and the name to go on behind; null: these were the last.</returns>
    Task<WrappedKeyPage> ReadAsync(string? after, int limit, CancellationToken cancellationToken);
}

/// <summary>Some rows that hold wrapped keys.</summary>
/// <param name="Rows">By the names under which an admin is told of them.</param>
/// <param name="Next">The name to go on behind; null: there are no more.</param>
public sealed record WrappedKeyPage(IReadOnlyList<(string Name, Entity Row)> Rows, string? Next);
