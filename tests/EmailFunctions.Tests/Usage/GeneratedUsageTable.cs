using System.Globalization;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Usage;

namespace EmailFunctions.Tests.Usage;

/// <summary>
/// A table whose usage rows are made anew whenever they are read, so that a million of them are there at once and take little room. All
/// other rows are in memory.
/// </summary>
internal sealed class GeneratedUsageTable(IReadOnlyDictionary<TenantId, GeneratedRow[]> rows) : IEntityTable
{
    private const int TimeDigits = 17;

    private readonly MemoryTable _others = new(isStrict: false);
    private readonly Dictionary<string, (TenantId Tenant, GeneratedRow[] Rows)> _rows = rows.ToDictionary(static pair => pair.Key.Partition, static pair => (pair.Key, pair.Value), StringComparer.Ordinal);

    public Task<Entity?> GetAsync(EntityKey key, CancellationToken cancellationToken) => _others.GetAsync(key, cancellationToken);

    public Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken) => _others.WriteAsync(writes, cancellationToken);

    public Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken)
    {
        if (!query.FromRow.StartsWith("usage-", StringComparison.Ordinal) || !_rows.TryGetValue(query.Partition, out var stored))
            return _others.QueryAsync(query, cancellationToken);
        var first = query.Continuation is { } continuation ? int.Parse(continuation, CultureInfo.InvariantCulture) : IndexOf(stored.Rows, query.FromRow);
        var end = IndexOf(stored.Rows, query.ToRow);
        var last = Math.Min(first + query.PageSize, end);
        var page = new List<Entity>(Math.Max(0, last - first));
        for (var index = first; index < last; index++)
            page.Add(stored.Rows[index].ToRow(stored.Tenant, index).ToWrite().Entity);
        return Task.FromResult(new EntityPage(page, last < end ? last.ToString(CultureInfo.InvariantCulture) : null));
    }

    // The first row at the time or later.
    private static int IndexOf(GeneratedRow[] rows, string name)
    {
        var time = DateTime.ParseExact(name.AsSpan("usage-".Length, TimeDigits), "yyyyMMddHHmmssfff", CultureInfo.InvariantCulture);
        var at = new DateTimeOffset(time, TimeSpan.Zero).ToUnixTimeMilliseconds();
        var (low, high) = (0, rows.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (rows[middle].At < at)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}

/// <summary>A usage row, as small as may be.</summary>
/// <param name="At">In milliseconds of the Unix era.</param>
/// <param name="Provider">An index of <see cref="Providers"/>.</param>
/// <param name="Success">Whether it was sent.</param>
/// <param name="Recipients">How many took it.</param>
/// <param name="Cost">In hundredths of a cent.</param>
/// <param name="Milliseconds">How long it took.</param>
internal readonly record struct GeneratedRow(long At, byte Provider, bool Success, byte Recipients, int Cost, int Milliseconds)
{
    public static IReadOnlyList<string> Providers { get; } = ["aws_ses", "mailgun", "smtp"];

    /// <summary>Rows in a period, in order of time.</summary>
    public static GeneratedRow[] Make(Random random, int count, DateTimeOffset start, TimeSpan length)
    {
        var times = new long[count];
        for (var index = 0; index < count; index++)
            times[index] = start.ToUnixTimeMilliseconds() + random.NextInt64((long)length.TotalMilliseconds);
        Array.Sort(times);
        return Array.ConvertAll(times, at => new GeneratedRow(
            at, (byte)random.Next(Providers.Count), random.Next(20) > 0, (byte)random.Next(1, 4), random.Next(0, 300), (int)Math.Exp(3 + (random.NextDouble() * 6))));
    }

    public UsageRow ToRow(TenantId tenant, int number) => new(
        tenant, number.ToString("x8", CultureInfo.InvariantCulture), DateTimeOffset.FromUnixTimeMilliseconds(At), Providers[Provider], Success, Recipients, Cost / 10_000m, TimeSpan.FromMilliseconds(Milliseconds), WasLimited: false);
}
