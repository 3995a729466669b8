using EmailFunctions.Tenants;

namespace EmailFunctions.Audit;

/// <summary>Removes the contents of messages that name recipients who are to be erased.</summary>
internal interface IContentErasure
{
    /// <summary>Looks at a number of a tenant's messages, and ends those that name one.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="wish">Which recipients, and in which messages.</param>
    /// <param name="place">Where an earlier call ended; null: none.</param>
    /// <param name="maxLooks">How many messages it may read.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="Keys.KeyUnavailableException">The tenant's contents can't be read.</exception>
    Task<ContentErased> EraseAsync(TenantId tenant, ErasureWish wish, string? place, int maxLooks, CancellationToken cancellationToken);
}

/// <summary>Which contents are to go.</summary>
/// <param name="Hashes">Those that name a recipient with one of these hashes; null: all.</param>
/// <param name="CancelsWaiting">Whether also those of mail that still waits to be sent.</param>
internal sealed record ErasureWish(IReadOnlySet<string>? Hashes, bool CancelsWaiting);

/// <summary>What a call did.</summary>
/// <param name="Count">Messages that were ended.</param>
/// <param name="Looks">Messages that were read.</param>
/// <param name="Next">Where to go on; null: there are no more.</param>
internal sealed record ContentErased(int Count, int Looks, string? Next);
