using System.Security.Cryptography;
using System.Text;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Messages;

/// <summary>
/// The names that event producers gave to their messages, unique within a tenant. Their rows stay as long as the messages' do, so that
/// a producer's message is accepted once, however late it comes again, and is found by its name.
/// </summary>
public sealed class ProducerIds(IEntityTable table)
{
    /// <summary>Characters of such a name.</summary>
    public const int MaxLength = 256;

    /// <summary>The property that holds the message's own id.</summary>
    public const string MessageProperty = "message_id";

    private const string Prefix = "prod-";

    // Hashed, since a name may hold any character.
    public static EntityKey KeyOf(TenantId tenant, string producerId) =>
        new(tenant.Partition, Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(producerId))));

    /// <summary>The message that a producer knows by this name; null: there is none.</summary>
    public async Task<MessageId?> FindAsync(TenantId tenant, string producerId, CancellationToken cancellationToken) =>
        await table.GetAsync(KeyOf(tenant, producerId), cancellationToken) is { } row && MessageId.TryParse(row.GetString(MessageProperty), out var id) ? id : null;
}
