using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Messages;

/// <summary>
/// How the ledger lies in a tenant's partition: <c>msg-{id}</c> is the message; <c>due-{time}-{id}</c> is there as long as something
/// is still to happen, by the time of the next sweep that it is for, so that a sweep reads overdue messages and no others;
/// <c>line-{priority}-{arrival}-{id}</c> while it stands in line for a slot, so that the first of the line is the first row;
/// <c>held-{id}</c> while it is held, and <c>dead-{time}-{id}</c> while it is a dead letter.
/// </summary>
internal static class LedgerRows
{
    public const string DuePrefix = "due-";

    public const string LinePrefix = "line-";

    /// <summary>The row before all of the line.</summary>
    public const string LineHead = "line";
    public const string HeldPrefix = "held-";
    public const string DeadPrefix = "dead-";

    public const string MessagePrefix = "msg-";

    private const string TimeFormat = "yyyyMMddHHmmssfff";

    public static EntityKey KeyOf(MessageId id) => new(id.Tenant.Partition, MessagePrefix + id.Unique);

    public static EntityKey DueKeyOf(MessageId id, DateTimeOffset sweepAt) => new(id.Tenant.Partition, $"{DuePrefix}{Stamp(sweepAt)}-{id.Unique}");

    /// <summary>The end of the range of due rows that were due before <paramref name="time"/>.</summary>
    public static string DueBefore(DateTimeOffset time) => DuePrefix + Stamp(time);

    /// <summary>The end of the range of rows of messages that are held and were accepted before <paramref name="time"/>, whose ids begin with its milliseconds.</summary>
    public static string HeldBefore(DateTimeOffset time) => HeldPrefix + time.ToUnixTimeMilliseconds().ToString("x12", CultureInfo.InvariantCulture);

    /// <summary>The first row that a dead letter of the range may have.</summary>
    public static string DeadFrom(DeadRange range)
    {
        var after = range.After is null ? DeadPrefix : EntityQuery.Behind(DeadPrefix + range.After);
        var from = range.From is { } time ? DeadPrefix + Stamp(time) : DeadPrefix;
        return string.CompareOrdinal(after, from) > 0 ? after : from;
    }

    /// <summary>The end of the rows that dead letters of the range have.</summary>
    public static string DeadTo(DeadRange range) =>
        range.To is { } time ? DeadPrefix + Stamp(time) : EntityQuery.Prefix("", DeadPrefix).ToRow;

    /// <summary>The rows that find the message by its state: one or none of each kind.</summary>
    public static IEnumerable<EntityKey> IndexKeysOf(LedgerEntry entry)
    {
        if (entry.SweepAt is { } sweepAt)
            yield return DueKeyOf(entry.Id, sweepAt);
        if (entry.IsWaiting)
            yield return LineKeyOf(entry);
        if (entry.IsHeld)
            yield return new(entry.Id.Tenant.Partition, HeldPrefix + entry.Id.Unique);
        if (entry.Status == MessageStatus.DeadLettered)
            yield return new(entry.Id.Tenant.Partition, $"{DeadPrefix}{Stamp(entry.UpdatedAt)}-{entry.Id.Unique}");
    }

    /// <summary>The start of the rows of those in line with this priority; high sorts first.</summary>
    public static string LinePrefixOf(MessagePriority priority) => string.Create(CultureInfo.InvariantCulture, $"{LinePrefix}{(int)priority}-");

    /// <summary>The rows of those in line before this one.</summary>
    public static EntityQuery LineBefore(LedgerEntry entry) => new(entry.Id.Tenant.Partition, LinePrefix, LineKeyOf(entry).Row);

    public static string UniqueOfIndexRow(string row) => row[(row.LastIndexOf('-') + 1)..];

    public static Entity ToEntity(LedgerEntry entry) => new(KeyOf(entry.Id))
    {
        ["status"] = entry.Status.Name(),
        ["reason"] = entry.Reason,
        ["created_at"] = entry.CreatedAt,
        ["updated_at"] = entry.UpdatedAt,
        ["priority"] = entry.Priority == MessagePriority.Normal ? null : (int)entry.Priority,
        ["arrived_at"] = entry.ArrivedAt == entry.CreatedAt ? null : entry.ArrivedAt,
        ["expires_at"] = entry.ExpiresAt,
        ["due_at"] = entry.DueAt,
        ["waiting"] = entry.IsWaiting ? true : null,
        ["held"] = entry.IsHeld ? true : null,
        ["limit"] = entry.Limit,
        ["charged_at"] = entry.Charge?.At,
        ["charged_usd"] = entry.Charge?.CostUsd.ToString(CultureInfo.InvariantCulture),
        ["write_id"] = entry.WriteId,
        ["sweep_at"] = entry.SweepAt,
        ["attempts"] = entry.Attempts,
        ["first_attempt_at"] = entry.FirstAttemptAt,
        ["failures"] = entry.Failures == 0 ? null : entry.Failures,
        ["claimed_by"] = entry.ClaimedBy,
        ["claimed_until"] = entry.ClaimedUntil,
        ["provider"] = entry.Provider,
        ["provider_message_id"] = entry.ProviderMessageId,
        ["provider_answer"] = entry.ProviderAnswer,
        ["error_category"] = entry.ErrorCategory,
        ["recipient_count"] = entry.RecipientCount,
        ["refused"] = entry.RefusedRecipients.IsEmpty ? null : string.Join(',', entry.RefusedRecipients),
        ["taken"] = entry.TakenRecipients.IsEmpty ? null : string.Join(',', entry.TakenRecipients),
        ["next_place"] = entry.NextPlace == 0 ? null : entry.NextPlace,
        ["unclear_place"] = entry.UnclearPlace,
        ["spent_usd"] = entry.SpentUsd == 0 ? null : entry.SpentUsd.ToString(CultureInfo.InvariantCulture),
        ["payload"] = entry.Payload,
        ["payload_stored"] = entry.PayloadStored ? true : null,
        ["sealed_under"] = entry.SealedUnder,
        ["parked_as"] = entry.ParkedAs,
        ["parked_for"] = entry.ParkedFor,
        ["trace_parent"] = entry.TraceParent,
        ["history"] = JsonSerializer.Serialize(entry.History, MessageJson.Default.ImmutableArrayHistoryEntry),
    };

    /// <summary>The message of a row of the tenant's partition; null where it is no message's.</summary>
    public static LedgerEntry? TryRead(TenantId tenant, Entity entity) =>
        entity.Key.Row.StartsWith(MessagePrefix, StringComparison.Ordinal) ? Read(new MessageId(tenant, entity.Key.Row[MessagePrefix.Length..]), entity) : null;

    public static LedgerEntry Read(MessageId id, Entity entity) => new()
    {
        Id = id,
        Status = MessageStatuses.Parse(entity.GetString("status")!),
        Reason = entity.GetString("reason"),
        CreatedAt = entity.GetTime("created_at")!.Value,
        UpdatedAt = entity.GetTime("updated_at")!.Value,
        Priority = (MessagePriority)(entity.GetInt64("priority") ?? (long)MessagePriority.Normal),
        ArrivedAt = entity.GetTime("arrived_at") ?? entity.GetTime("created_at")!.Value,
        ExpiresAt = entity.GetTime("expires_at"),
        DueAt = entity.GetTime("due_at"),
        IsWaiting = entity.GetBoolean("waiting") ?? false,
        IsHeld = entity.GetBoolean("held") ?? false,
        Limit = entity.GetString("limit"),
        Charge = entity.GetTime("charged_at") is { } chargedAt
            ? new Charge(chargedAt, decimal.Parse(entity.GetString("charged_usd")!, CultureInfo.InvariantCulture))
            : null,
        WriteId = entity.GetString("write_id"),
        SweepAt = entity.GetTime("sweep_at"),
        Attempts = (int)(entity.GetInt64("attempts") ?? 0),
        FirstAttemptAt = entity.GetTime("first_attempt_at"),
        Failures = (int)(entity.GetInt64("failures") ?? 0),
        ClaimedBy = entity.GetString("claimed_by"),
        ClaimedUntil = entity.GetTime("claimed_until"),
        Provider = entity.GetString("provider"),
        ProviderMessageId = entity.GetString("provider_message_id"),
        ProviderAnswer = entity.GetString("provider_answer"),
        ErrorCategory = entity.GetString("error_category"),
        RecipientCount = (int)(entity.GetInt64("recipient_count") ?? 0),
        RefusedRecipients = ReadPositions(entity.GetString("refused")),
        TakenRecipients = ReadPositions(entity.GetString("taken")),
        NextPlace = (int)(entity.GetInt64("next_place") ?? 0),
        UnclearPlace = (int?)entity.GetInt64("unclear_place"),
        SpentUsd = entity.GetString("spent_usd") is { } spent ? decimal.Parse(spent, CultureInfo.InvariantCulture) : 0,
        Payload = entity.GetBytes("payload"),
        PayloadStored = entity.GetBoolean("payload_stored") ?? false,
        SealedUnder = entity.GetString("sealed_under"),
        ParkedAs = entity.GetString("parked_as"),
        ParkedFor = entity.GetString("parked_for"),
        TraceParent = entity.GetString("trace_parent"),
        History = JsonSerializer.Deserialize(entity.GetString("history")!, MessageJson.Default.ImmutableArrayHistoryEntry),
        ETag = entity.ETag,
    };

    private static EntityKey LineKeyOf(LedgerEntry entry) =>
        new(entry.Id.Tenant.Partition, $"{LinePrefixOf(entry.Priority)}{Stamp(entry.ArrivedAt)}-{entry.Id.Unique}");

    private static string Stamp(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static ImmutableArray<int> ReadPositions(string? text) =>
        text is null ? [] : [.. text.Split(',').Select(static part => int.Parse(part, CultureInfo.InvariantCulture))];
}
