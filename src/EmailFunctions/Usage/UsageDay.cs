using System.Globalization;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;

namespace EmailFunctions.Usage;

/// <summary>A tenant's usage of a UTC day, rolled up by hour and provider: a row of its partition.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Day">Its beginning.</param>
internal sealed record UsageDay(TenantId Tenant, DateTimeOffset Day)
{
    public const string DayFormat = "yyyyMMdd";

    public const string Prefix = "rollup-";
    private const string RevisionName = "revision";

    private static readonly string[] HourNames =
        [.. Enumerable.Range(0, UsageTime.HoursOfDay).Select(static hour => string.Create(CultureInfo.InvariantCulture, $"h{hour:00}"))];

    /// <summary>Grows with each change, over all of the tenant's days; tells which of two copies is newer.</summary>
    public long Revision { get; init; }

    private string?[] Texts { get; init; } = new string?[UsageTime.HoursOfDay];

    public static EntityKey KeyOf(TenantId tenant, DateTimeOffset day) => new(tenant.Partition, Prefix + Text(day));

    /// <summary>The rows of the days from one to another, both inclusive.</summary>
    public static EntityQuery Between(TenantId tenant, DateTimeOffset first, DateTimeOffset last) =>
        new(tenant.Partition, Prefix + Text(first), Prefix + Text(last + UsageTime.Day));

    public static string Text(DateTimeOffset day) => day.UtcDateTime.ToString(DayFormat, CultureInfo.InvariantCulture);

    public static UsageDay Read(TenantId tenant, DateTimeOffset day, Entity entity) => new(tenant, day)
    {
        Revision = entity.GetInt64(RevisionName) ?? 0,
        Texts = [.. HourNames.Select(entity.GetString)],
    };

    public static UsageDay Read(TenantId tenant, Entity entity) =>
        Read(tenant, new DateTimeOffset(DateTime.ParseExact(entity.Key.Row[Prefix.Length..], DayFormat, CultureInfo.InvariantCulture), TimeSpan.Zero), entity);

    /// <summary>The day of a row of the tenant's partition; null where it is no day's.</summary>
    public static UsageDay? TryRead(TenantId tenant, Entity entity) =>
        entity.Key.Row.StartsWith(Prefix, StringComparison.Ordinal) && entity.Key.Row.AsSpan(Prefix.Length) is { Length: 8 } digits && !digits.ContainsAnyExceptInRange('0', '9')
            ? Read(tenant, entity)
            : null;

    /// <summary>The hours that hold something, by their beginnings.</summary>
    public IEnumerable<(DateTimeOffset Start, UsageByProvider Usage)> Hours() =>
        from hour in Enumerable.Range(0, UsageTime.HoursOfDay)
        where Texts[hour] is not null
        select (Day + (hour * UsageTime.Hour), UsageByProvider.Parse(Texts[hour]!));

    /// <summary>The day with these hours in the place of those that it had; the others stay.</summary>
    public UsageDay With(IReadOnlyDictionary<int, UsageByProvider> hours)
    {
        var texts = (string?[])Texts.Clone();
        foreach (var (hour, usage) in hours)
            texts[hour] = usage.ToString();
        return this with { Texts = texts };
    }

    public bool HasSameHours(UsageDay other) => Texts.AsSpan().SequenceEqual(other.Texts);

    public EntityWrite ToWrite() => EntityWrite.Put(Fill(new Entity(KeyOf(Tenant, Day)), withHours: true));

    /// <summary>Sets the properties of a row that holds this day.</summary>
    public Entity Fill(Entity entity, bool withHours)
    {
        entity[RevisionName] = Revision;
        for (var hour = 0; withHours && hour < HourNames.Length; hour++)
            entity[HourNames[hour]] = Texts[hour];
        return entity;
    }
}
