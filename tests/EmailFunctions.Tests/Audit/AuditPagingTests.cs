using EmailFunctions.Audit;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using static EmailFunctions.Tests.Audit.AuditBench;

namespace EmailFunctions.Tests.Audit;

/// <summary>Pages of the audit while others write.</summary>
public sealed class AuditPagingTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] Hashes = ["a", "b"];
    private static readonly string[] Statuses = ["sent", "failed"];

    [Fact]
    public async Task Each_row_that_was_there_at_the_start_is_seen_exactly_once_while_writers_insert()
    {
        await using var bench = new DeliveryBench();
        var seed = Proof.Seed;
        for (var round = 0; round < Proof.Count(200, 20); round++)
        {
            var random = new Random(seed + round);
            var tenant = TenantOf($"t{round}");
            var there = Enumerable.Range(0, random.Next(1, 150)).Select(number => Random(tenant, number, random)).ToList();
            await bench.WriteAsync(there);
            var filter = new AuditFilter(null, random.Next(1, 20), random.Next(2) == 0 ? null : "failed", null) { Provider = random.Next(3) == 0 ? "smtp" : null };

            using var done = new CancellationTokenSource();
            var writers = Enumerable.Range(1, 2).Select(writer => Task.Run(() => InsertAsync(bench, tenant, writer * 10_000, new Random(seed + round + writer), done.Token))).ToList();
            var seen = await PageAsync(bench, tenant, filter);
            await done.CancelAsync();
            await Task.WhenAll(writers);

            var expected = there.Where(row => filter.Matches(row, null)).OrderBy(static row => row.Id, StringComparer.Ordinal).Select(static row => row.Id).ToList();
            var seenOfThem = seen.Where(expected.ToHashSet().Contains).ToList();
            Assert.True(expected.SequenceEqual(seenOfThem), $"Seed {seed}, round {round}: {expected.Count} rows were there, and {seenOfThem.Count} were seen.");
            Assert.True(seen.SequenceEqual(seen.Order(StringComparer.Ordinal).Distinct()), $"Seed {seed}, round {round}: out of order, or twice.");
        }
    }

    // Newer ones as well as late ones, whose time is between those of others.
    private static async Task InsertAsync(DeliveryBench bench, TenantId tenant, int first, Random random, CancellationToken done)
    {
        for (var number = first; !done.IsCancellationRequested && number < first + 300; number++)
            await bench.Table.WriteAsync([Random(tenant, number, random).ToWrite()], TestContext.Current.CancellationToken);
    }

    private static AuditRow Random(TenantId tenant, int number, Random random) => Row(
        tenant, number, Start.AddTicks(random.Next(5_000)), Hashes[random.Next(2)], Statuses[random.Next(2)], random.Next(2) == 0 ? "smtp" : "file");

    private static async Task<List<string>> PageAsync(DeliveryBench bench, TenantId tenant, AuditFilter filter)
    {
        var seen = new List<string>();
        while (true)
        {
            var page = await bench.Get<AuditReader>().ReadAsync(tenant, filter, TestContext.Current.CancellationToken);
            Assert.InRange(page.Rows.Count, 0, filter.Limit);
            seen.AddRange(page.Rows.Select(static row => row.Id));
            if (page.NextCursor is null)
                return seen;
            filter = filter with { Cursor = page.NextCursor };
        }
    }
}
