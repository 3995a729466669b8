using System.Globalization;
using EmailFunctions.Audit;
using EmailFunctions.Keys;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Audit;

public sealed class AuditTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Pages_are_newest_first_and_stay_right_while_rows_are_written()
    {
        await using var bench = new DeliveryBench();
        for (var row = 0; row < 25; row++)
            await WriteAsync(bench, row);

        var seen = new List<int>();
        var cursor = (string?)null;
        do
        {
            var page = await ReadAsync(bench, new AuditFilter(cursor, 10, null, null));
            seen.AddRange(page.Rows.Select(Number));
            cursor = page.NextCursor;
            await WriteAsync(bench, 100 + seen.Count);
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Range(0, 25).Reverse(), seen);
    }

    [Fact]
    public async Task A_recipient_is_found_by_its_address_over_pages_of_others()
    {
        await using var bench = new DeliveryBench();
        for (var row = 0; row < 30; row++)
            await WriteAsync(bench, row, address: row % 10 == 0 ? "Rare@Example.com" : $"r{row}@example.com");

        var first = await ReadAsync(bench, new AuditFilter(null, 2, null, "rare@example.com"));
        var second = await ReadAsync(bench, new AuditFilter(first.NextCursor, 2, null, "rare@example.com"));

        Assert.Equal([20, 10], first.Rows.Select(Number));
        Assert.Equal([0], second.Rows.Select(Number));
        Assert.Null(second.NextCursor);
    }

    [Fact]
    public async Task A_status_is_filtered_and_an_exact_page_has_no_next()
    {
        await using var bench = new DeliveryBench();
        for (var row = 0; row < 4; row++)
            await WriteAsync(bench, row, status: row % 2 == 0 ? "sent" : "failed");

        var page = await ReadAsync(bench, new AuditFilter(null, 2, "failed", null));

        Assert.Equal([3, 1], page.Rows.Select(Number));
        Assert.Null((await ReadAsync(bench, new AuditFilter(null, 4, null, null))).NextCursor);
    }

    [Fact]
    public async Task A_foreign_tenants_rows_are_not_there()
    {
        await using var service = ServiceHost.Start();
        await service.WaitForAsync(await service.AcceptAsync("""{"tenant_id":"acme","to":["a@example.com"],"subject":"a","body":"b"}"""), "sent");

        var own = await service.GetAsync("/api/v1/email/configs/acme/audit-logs?recipient=A@EXAMPLE.com&status=sent&limit=200");
        var other = await service.GetAsync("/api/v1/email/configs/acm/audit-logs");

        var log = Assert.Single(own["logs"]!.AsArray())!;
        Assert.Matches("^[0-9a-f]{64}$", log["recipient_hash"]!.GetValue<string>());
        Assert.False(own["has_more"]!.GetValue<bool>());
        Assert.Empty(other["logs"]!.AsArray());
    }

    private static async Task WriteAsync(DeliveryBench bench, int number, string status = "sent", string address = "a@example.com")
    {
        var at = Start.AddSeconds(number);
        var hash = await bench.Get<RecipientHasher>().HashAsync(DeliveryBench.Tenant, address, TestContext.Current.CancellationToken);
        var row = new AuditRow(
            AuditRow.IdOf(at, Guid.NewGuid().ToString("N"), 0), DeliveryBench.Tenant, hash, null, status, "smtp", number.ToString(CultureInfo.InvariantCulture), null, null, at);
        Assert.True((await bench.Table.WriteAsync([row.ToWrite()], TestContext.Current.CancellationToken)).IsDone);
    }

    private static int Number(AuditRow row) => int.Parse(row.MessageId, CultureInfo.InvariantCulture);

    private static Task<AuditPage> ReadAsync(DeliveryBench bench, AuditFilter filter) =>
        bench.Get<AuditReader>().ReadAsync(DeliveryBench.Tenant, filter, TestContext.Current.CancellationToken);
}
