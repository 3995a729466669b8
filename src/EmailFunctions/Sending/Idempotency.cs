using System.Security.Cryptography;
using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Sending;

/// <summary>What was answered to a key, and to which body.</summary>
/// <param name="MessageId">The message that the key brought.</param>
/// <param name="BodyHash">The content's keyed hash.</param>
/// <param name="AcceptedAt">When.</param>
/// <param name="Wait">The wait that was announced; null: none.</param>
/// <param name="ETag">The row's version.</param>
internal sealed record IdempotencyRecord(string MessageId, string BodyHash, DateTimeOffset AcceptedAt, ExpectedWait? Wait = null, string? ETag = null);

/// <summary>A name by which a submission is known again.</summary>
/// <param name="Key">Its row.</param>
/// <param name="Lifetime">How long the row counts; null: as long as it is there.</param>
internal sealed record SubmissionName(EntityKey Key, TimeSpan? Lifetime);

/// <summary>The rows that remember idempotency keys and producers' names, in the tenant's partition, so that the insert decides who is first.</summary>
internal static class IdempotencyRows
{
    /// <summary>How long a key is remembered: a day as the contract says, and an hour so that a client's clock does not matter.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(25);

    public const string Prefix = "idem-";

    /// <summary>The names of a submission: its idempotency key and its producer's, as far as it has them.</summary>
    public static IEnumerable<SubmissionName> NamesOf(Submission submission)
    {
        if (submission.IdempotencyKey is { } key)
            yield return new SubmissionName(KeyOf(submission.Tenant, key), Lifetime);
        if (submission.ProducerId is { } id)
            yield return new SubmissionName(ProducerIds.KeyOf(submission.Tenant, id), Lifetime: null);
    }

    // Hashed, since a key may hold any character; a key is the client's text and is not kept.
    public static EntityKey KeyOf(TenantId tenant, string key) =>
        new(tenant.Partition, Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))));

    public static EntityWrite Insert(EntityKey key, IdempotencyRecord record) => EntityWrite.Insert(new Entity(key)
    {
        [ProducerIds.MessageProperty] = record.MessageId,
        ["body_hash"] = record.BodyHash,
        ["accepted_at"] = record.AcceptedAt,
        ["scheduled_for"] = record.Wait?.Until,
        ["limit"] = record.Wait?.Limit,
    });

    public static IdempotencyRecord Read(Entity entity) => new(
        entity.GetString(ProducerIds.MessageProperty)!,
        entity.GetString("body_hash")!,
        entity.GetTime("accepted_at")!.Value,
        entity.GetTime("scheduled_for") is { } until ? new ExpectedWait(until, entity.GetString("limit")) : null,
        entity.ETag);
}
