using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Activities;
using EmailFunctions.Audit;
using EmailFunctions.Lifecycle;
using EmailFunctions.Messages;
using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Admin;
using EmailFunctions.Tests.Sending;
using EmailFunctions.Tests.Support;
using EmailFunctions.Usage;

namespace EmailFunctions.Tests.Lifecycle;

/// <summary>A tenant leaves: what it has can be taken along, and then all of it is deleted, whatever happens on the way.</summary>
public sealed class OffboardTests(ITestOutputHelper output)
{
    private const string Leaver = "leaver-7f3a";
    private const string Canary = "canary-body-7f3a";
    private const string Path = "/api/v1/admin/email/tenants/" + Leaver;
    private const string Config = "/api/v1/email/configs/" + Leaver;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static TenantId Tenant { get; } = TenantId.TryParse(Leaver, out var tenant) ? tenant : throw new InvalidOperationException();

    [Fact]
    public async Task Nothing_is_left_of_a_tenant_but_who_administered_it()
    {
        await using var bench = new DeliveryBench();
        await FillAsync(bench);
        var before = await RowsOfOtherAsync(bench);
        Assert.Equal(HttpStatusCode.Conflict, await bench.StatusOfAsync(HttpMethod.Delete, Path));
        await bench.SuspendAsync(Leaver);

        await bench.OffboardAsync(Leaver);
        Assert.Equal(HttpStatusCode.Conflict, await bench.StatusOfAsync(HttpMethod.Post, Path + "/resume"));
        await LeaveAsync(bench);

        Assert.Equal("active", await bench.StateAsync(Leaver));
        AssertGone(bench);
        Assert.Equal(before, await RowsOfOtherAsync(bench));
        var activity = (await bench.ReadAdminAsync($"activity?tenant_id={Leaver}"))["activities"]!.AsArray();
        Assert.Equal("tenant_erased", activity[0]!.Text("action"));
        // What is on the queue finds nothing, and stops.
        await bench.RunQueueAsync(TimeSpan.FromDays(2));
        Assert.DoesNotContain(bench.Provider.Given.Skip(3), static mail => mail.Id.Tenant == Tenant);
    }

    [Fact]
    public async Task It_goes_on_wherever_it_was_stopped()
    {
        var stops = 0;
        foreach (var fault in new[] { TableFault.Before, TableFault.After })
        {
            await using var bench = new DeliveryBench();
            await FillAsync(bench);
            await bench.SuspendAsync(Leaver);
            await bench.OffboardAsync(Leaver);
            bench.Clock.Advance(TenantSweep.KnownAfter);
            // Each run ends at its next write but one, with an answer lost or before it took place.
            var (failing, isOver) = (2, false);
            while (!isOver)
            {
                var count = 0;
                bench.Table.OnWrite = _ => ++count >= failing ? fault : TableFault.None;
                isOver = await Record.ExceptionAsync(() => bench.SweepTenantsAsync()) is null && await bench.StateAsync(Leaver) != "offboarding";
                bench.Table.OnWrite = static _ => TableFault.None;
                stops++;
                failing++;
                Assert.True(failing < 1_000);
            }

            bench.Clock.Advance(TenantSweep.ForgottenAfter);
            await bench.SweepTenantsAsync();
            Assert.Equal("active", await bench.StateAsync(Leaver));
            AssertGone(bench);
        }

        output.WriteLine($"{stops} runs were stopped.");
        Assert.True(stops > 20);
    }

    [Fact]
    public async Task A_run_is_bounded_and_the_next_one_goes_on()
    {
        var rows = Proof.Count(50_000, minimum: 12_000);
        await using var bench = new DeliveryBench();
        for (var first = 0; first < rows; first += 100)
            Assert.True((await bench.Table.WriteAsync([.. Enumerable.Range(first, 100).Select(static n => EntityWrite.Insert(new Entity(Tenant.Partition, $"usage-{n:D8}-x")))], Cancelled)).IsDone);
        await bench.SuspendAsync(Leaver);
        await bench.OffboardAsync(Leaver);
        bench.Clock.Advance(TenantSweep.KnownAfter);
        bench.Table.ResetCounts();

        var run = await bench.Get<TenantSweep>().RunAsync(Cancelled);

        Assert.Equal((TenantEraser.MaxPages * 1_000, false), (run.Count, run.IsComplete));
        Assert.InRange(bench.Table.Writes, 100, 130);
        var shown = (await bench.Client.MustAsync(HttpMethod.Get, Path, ""))!;
        Assert.Equal(("offboarding", run.Count), (shown.Text("state"), shown["removed_rows"]!.GetValue<int>()));
        await bench.SweepTenantsAsync();
        Assert.Equal("offboarded", await bench.StateAsync(Leaver));
        AssertGone(bench, exceptState: true);
    }

    [Fact]
    public async Task A_tenant_that_leaves_gets_nothing_new_and_one_of_its_name_may_begin_anew_afterwards()
    {
        await using var bench = new DeliveryBench();
        await FillAsync(bench);
        await bench.SuspendAsync(Leaver);
        await bench.OffboardAsync(Leaver);
        await bench.OffboardAsync(Leaver);

        await RefusedAsync();
        bench.Clock.Advance(TenantSweep.KnownAfter);
        await bench.SweepTenantsAsync();
        await RefusedAsync();
        bench.Clock.Advance(TenantSweep.ForgottenAfter);
        await bench.SweepTenantsAsync();

        // From here on it is another tenant, which sees nothing of what was done to the one before.
        var rows = await bench.Get<ActivityReader>().ReadAsync(new ActivityFilter(Tenant, null, null, await bench.Get<ActivityReader>().FindErasureAsync(Tenant, Cancelled), null, null, 200), Cancelled);
        Assert.Empty(rows.Rows);
        await bench.SaveConfigAsync(Leaver);
        var id = await bench.AcceptAsync(tenant: Tenant);
        // The directory has it again, so that a sweep finds its mail.
        bench.Queue.Messages.Clear();
        bench.Clock.Advance(TimeSpan.FromMinutes(2));
        await bench.SweepAllAsync();
        await bench.DrainAsync();
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);

        async Task RefusedAsync()
        {
            Assert.Equal(HttpStatusCode.Conflict, await bench.StatusOfAsync(HttpMethod.Post, "/api/v1/email/send", $$"""{"tenant_id":"{{Leaver}}","to":["a@example.com"],"subject":"S","body":"B"}"""));
            Assert.Equal(HttpStatusCode.Conflict, await bench.StatusOfAsync(HttpMethod.Post, Config, """{"provider_type":"file","from_email":"a@example.com"}"""));
            Assert.Equal(HttpStatusCode.Conflict, await bench.StatusOfAsync(HttpMethod.Post, Config + "/api-keys", """{"name":"shop","scopes":["send"]}"""));
            Assert.Equal(HttpStatusCode.Conflict, await bench.StatusOfAsync(HttpMethod.Post, Path + "/suspend", """{"reason":"again"}"""));
        }
    }

    [Fact]
    public async Task The_export_has_all_but_contents_and_secrets_and_goes_on_behind_a_line()
    {
        await using var bench = new DeliveryBench();
        await FillAsync(bench);

        var lines = await ExportAsync(bench, "");

        Assert.Equal(["activity", "api_key", "audit", "config", "message", "usage", "usage_day"], lines.Select(static line => line.Text("kind")).Distinct().Order());
        Assert.Equal(6, lines.Count(static line => line.Text("kind") == "message"));
        Assert.Equal(3, lines.Count(static line => line.Text("kind") == "usage"));
        Assert.Contains(lines, static line => line["message"]?["history"]?.AsArray().Count > 1);
        Assert.Equal(3, lines.Where(static line => line.Text("kind") == "usage_day").Sum(static line => line["usage_day"]!["sums"]!.AsArray().Sum(static sums => sums!["total_emails"]!.GetValue<int>())));
        var text = string.Join('\n', lines.Select(static line => line.ToJsonString()));
        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
        Assert.DoesNotContain("r0@example.com", text, StringComparison.Ordinal);
        var withCursor = lines.Where(static line => line["cursor"] is not null).ToList();
        for (var index = 0; index < withCursor.Count; index++)
        {
            var rest = await ExportAsync(bench, "?cursor=" + withCursor[index].Text("cursor"));
            Assert.Equal(withCursor.Skip(index + 1).Select(static line => line.ToJsonString()), rest.Select(static line => line.ToJsonString()));
        }

        Assert.Equal(HttpStatusCode.BadRequest, await bench.StatusOfAsync(HttpMethod.Get, Path + "/export?cursor=hash-key"));
    }

    // Mail that was sent, waits, is dead, and has a payload of its own; a key, usage that is rolled up, an erasure, and a sweep that stopped at the tenant.
    private static async Task FillAsync(DeliveryBench bench)
    {
        foreach (var tenant in new[] { Leaver, "stayer" })
        {
            await bench.SaveConfigAsync(tenant);
            await bench.Client.MustAsync(HttpMethod.Put, "/api/v1/email/configs/" + tenant, """{"rate_limit_per_minute":3,"from_email":"hello@example.com"}""");
            await bench.Client.MustAsync(HttpMethod.Post, $"/api/v1/email/configs/{tenant}/api-keys", """{"name":"shop","scopes":["send"]}""");
            for (var number = 0; number < 5; number++)
                await bench.Client.AcceptAsync($$"""{"tenant_id":"{{tenant}}","to":["r0@example.com"],"subject":"{{Canary}}","body":"{{Canary}}","idempotency_key":"k{{number}}"}""");
            await bench.Client.AcceptAsync($$"""{"tenant_id":"{{tenant}}","to":["r0@example.com"],"subject":"S","body":"{{new string('x', 100_000)}}{{Canary}}","send_at":"2026-11-25T12:00:00Z"}""");
            await bench.Client.MustAsync(HttpMethod.Post, $"/api/v1/email/configs/{tenant}/audit-logs/recipients/erase", """{"recipient":"canary@example.com"}""");
        }

        await bench.DrainAsync();
        bench.Clock.Advance(TimeSpan.FromMinutes(10));
        await bench.Get<UsageRollupSweep>().RunAsync(Cancelled);
        await bench.Get<SweepPositions>().WriteAsync("audit-retention", before: null, new SweepPosition(Tenant), Cancelled);
        Assert.True((await RowsAsync(bench, Tenant)).Count > 20);
    }

    private static async Task LeaveAsync(DeliveryBench bench)
    {
        await bench.SweepTenantsAsync();
        Assert.Equal("offboarding", await bench.StateAsync(Leaver));
        bench.Clock.Advance(TenantSweep.KnownAfter);
        await bench.SweepTenantsAsync();
        Assert.Equal("offboarded", await bench.StateAsync(Leaver));
        // Others may still write what they had in hand.
        await bench.Table.WriteAsync([EntityWrite.Put(new Entity(Tenant.Partition, "audit-late"))], Cancelled);
        bench.Clock.Advance(TenantSweep.ForgottenAfter);
        await bench.SweepTenantsAsync();
    }

    // The whole table, whatever a row is called and holds.
    private static void AssertGone(DeliveryBench bench, bool exceptState = false)
    {
        var left = new DataFiles(System.IO.Path.GetDirectoryName(bench.PayloadFolder)!).FindNaming(Leaver, exceptPartition: "activity");
        Assert.DoesNotContain(left, key => !exceptState || key.Partition != "tenant-states");
        foreach (var file in Directory.Exists(bench.PayloadFolder) ? Directory.GetFiles(bench.PayloadFolder, "*", SearchOption.AllDirectories) : [])
            Assert.DoesNotContain(Leaver, file, StringComparison.Ordinal);
    }

    private static async Task<List<EntityKey>> RowsAsync(DeliveryBench bench, TenantId tenant) =>
        [.. (await bench.Table.QueryAsync(EntityQuery.Prefix(tenant.Partition, ""), Cancelled)).Entities.Select(static row => row.Key)];

    private static Task<List<EntityKey>> RowsOfOtherAsync(DeliveryBench bench) => RowsAsync(bench, TenantId.TryParse("stayer", out var other) ? other : throw new InvalidOperationException());

    private static async Task<List<JsonNode>> ExportAsync(DeliveryBench bench, string query)
    {
        using var answer = await bench.Client.GetAsync(new Uri($"{Path}/export{query}", UriKind.Relative), Cancelled);
        var body = await answer.Content.ReadAsStringAsync(Cancelled);
        Assert.True(answer.IsSuccessStatusCode, body);
        Assert.Equal(AuditExport.ContentType, answer.Content.Headers.ContentType!.MediaType);
        return [.. body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonNode.Parse(line)!)];
    }
}
