using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using EmailFunctions.Activities;
using EmailFunctions.ApiKeys;
using EmailFunctions.Audit;
using EmailFunctions.Configs;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tracking;
using EmailFunctions.Usage;

namespace EmailFunctions.Lifecycle;

/// <summary>
/// Writes all that is kept of a tenant, a JSON value on each line: its configuration without secrets, its API keys without their texts, who administered it, audit rows, messages with
/// their histories but without content, and usage. What comes from the tenant's partition has a cursor, behind which another request goes on.
/// </summary>
internal sealed class TenantExport(IEntityTable table, ConfigStore configs, ApiKeyStore apiKeys)
{
    // In the order of their rows, so that one of them is a place among all.
    private static readonly string[] Prefixes = [AuditRow.Prefix, LedgerRows.MessagePrefix, UsageDay.Prefix, UsageRow.Prefix];

    public static bool IsCursor(string text) => text.Length <= 100 && Prefixes.Any(prefix => text.StartsWith(prefix, StringComparison.Ordinal)) && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');

    // A failure before the first line is an ordinary answer; one after it ends the connection, so that nobody takes a part for the whole.
    public async Task WriteAsync(TenantId tenant, string? cursor, HttpResponse response, CancellationToken cancellationToken)
    {
        response.ContentType = ExportLine.ContentType;
        await using var json = new Utf8JsonWriter(response.BodyWriter, new JsonWriterOptions { SkipValidation = true });
        await foreach (var lines in ReadAsync(tenant, cursor, cancellationToken))
        {
            foreach (var line in lines)
            {
                json.Reset();
                JsonSerializer.Serialize(json, line, ExportJson.Default.ExportLine);
                json.Flush();
                response.BodyWriter.Write("\n"u8);
            }

            // Waits while the client reads slowly.
            await response.BodyWriter.FlushAsync(cancellationToken);
        }
    }

    private async IAsyncEnumerable<IEnumerable<ExportLine>> ReadAsync(TenantId tenant, string? cursor, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (cursor is null)
        {
            if (await configs.GetAsync(tenant, cancellationToken) is { } config)
                yield return [new ExportLine("config") { Config = ConfigResponse.Of(config) }];
            yield return (await apiKeys.ListAsync(tenant, cancellationToken)).Select(static key => new ExportLine("api_key") { ApiKey = ApiKeyShown.Of(key) });
            await foreach (var page in table.PagesAsync(ActivityRow.Query(tenant, start: null, end: null, after: null), cancellationToken))
                yield return page.Entities.Select(static row => new ExportLine("activity") { Activity = ActivityEntry.Of(ActivityRow.Read(row)) });
        }

        foreach (var prefix in Prefixes)
        {
            var query = EntityQuery.Prefix(tenant.Partition, prefix);
            if (cursor is not null && string.CompareOrdinal(EntityQuery.Behind(cursor), query.FromRow) > 0)
                query = query with { FromRow = EntityQuery.Behind(cursor) };
            if (string.CompareOrdinal(query.FromRow, query.ToRow) >= 0)
                continue;
            await foreach (var page in table.PagesAsync(query, cancellationToken))
                yield return page.Entities.Select(row => LineOf(tenant, row)).OfType<ExportLine>();
        }
    }

    private static ExportLine? LineOf(TenantId tenant, Entity row)
    {
        var cursor = row.Key.Row;
        if (LedgerRows.TryRead(tenant, row) is { } entry)
            return new ExportLine("message") { Cursor = cursor, Message = MessageView.Of(entry, Prospect.None) };
        if (UsageDay.TryRead(tenant, row) is { } day)
            return new ExportLine("usage_day") { Cursor = cursor, UsageDay = ExportedDay.Of(day) };
        if (cursor.StartsWith(AuditRow.Prefix, StringComparison.Ordinal))
            return new ExportLine("audit") { Cursor = cursor, Audit = AuditLog.Of(AuditRow.Read(tenant, row)) };
        return cursor.StartsWith(UsageRow.Prefix, StringComparison.Ordinal) ? new ExportLine("usage") { Cursor = cursor, Usage = ExportedUsage.Of(UsageRow.Read(tenant, row)) } : null;
    }
}
