using System.Globalization;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Providers;

/// <summary>What instances tell each other of providers that were found down: a row for each, with the last sign.</summary>
internal sealed class ProviderHealthRows(IEntityTable table)
{
    private const string Partition = "provider-health";

    // No part of a row's name can hold it.
    private const char Separator = '~';

    /// <summary>All of them; a read for each thousand.</summary>
    public async Task<IReadOnlyList<HealthRow>> ReadAsync(CancellationToken cancellationToken)
    {
        var rows = new List<HealthRow>();
        await foreach (var page in table.PagesAsync(EntityQuery.Prefix(Partition, ""), cancellationToken))
            rows.AddRange(page.Entities.Select(Read).OfType<HealthRow>());
        return rows;
    }

    /// <summary>Writes signs down, whatever is there: of two that are written at once, who has the newer one finds the older and writes again.</summary>
    public async Task WriteAsync(IEnumerable<KeyValuePair<ProviderSeat, HealthSign>> signs, CancellationToken cancellationToken)
    {
        foreach (var batch in signs.Chunk(EntityLimits.MaxBatchEntities))
            await table.WriteAsync([.. batch.Select(static pair => EntityWrite.Put(ToEntity(pair.Key, pair.Value)))], cancellationToken);
    }

    /// <summary>Removes rows, but for those that were written since.</summary>
    public async Task RemoveAsync(IEnumerable<HealthRow> rows, CancellationToken cancellationToken)
    {
        foreach (var batch in rows.Chunk(EntityLimits.MaxBatchEntities))
            await table.WriteUnrefusedAsync(batch.Select(static row => EntityWrite.Delete(KeyOf(row.Seat), row.ETag)), cancellationToken);
    }

    private static EntityKey KeyOf(ProviderSeat seat) => new(
        Partition, string.Create(CultureInfo.InvariantCulture, $"{seat.Tenant}{Separator}{seat.Type.Name()}{Separator}{seat.Owner}{Separator}{seat.Place}"));

    private static Entity ToEntity(ProviderSeat seat, HealthSign sign) => new(KeyOf(seat)) { ["healthy"] = sign.IsHealthy, ["at"] = sign.At };

    // Null: written by another version of the service.
    private static HealthRow? Read(Entity entity) =>
        entity.Key.Row.Split(Separator) is [var name, var type, var ownerName, var place]
            && TenantId.TryParse(name, out var tenant) && TenantId.TryParse(ownerName, out var owner) && ProviderTypes.TryParse(type, out var provider)
            && int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && entity.GetBoolean("healthy") is { } isHealthy && entity.GetTime("at") is { } at
            ? new HealthRow(new ProviderSeat(tenant, provider, owner, number), new HealthSign(isHealthy, at), entity.ETag)
            : null;
}

/// <summary>A sign as it is stored, and the version of its row.</summary>
internal sealed record HealthRow(ProviderSeat Seat, HealthSign Sign, string? ETag);
