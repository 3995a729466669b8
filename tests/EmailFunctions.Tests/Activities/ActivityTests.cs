using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Activities;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Admin;
using EmailFunctions.Tests.Lifecycle;
using EmailFunctions.Tests.Sending;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmailFunctions.Tests.Activities;

/// <summary>Who did what is written down before it is done, and shown to those whom it concerns.</summary>
public sealed class ActivityTests
{
    private const string Config = "/api/v1/email/configs/acme";
    private const string Admin = "/api/v1/admin/email/";
    private const string Secret = "canary-secret-7f3a";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_administrative_action_leaves_a_row()
    {
        await using var bench = new DeliveryBench();
        var dead = await DieAsync(bench);
        var discarded = await DieAsync(bench);
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, "no");
        var held = await bench.MustSendAsync();
        await bench.DispatchAsync(held);
        bench.Provider.Answer = static _ => SendResult.Sent("taken");

        await bench.SaveConfigAsync("acme");
        await bench.SaveConfigAsync("acme");
        await CallAsync(bench, HttpMethod.Put, Config, """{"from_name":"Acme"}""");
        await CallAsync(bench, HttpMethod.Post, Config + "/test", """{"to":"a@example.com"}""");
        var key = await CallAsync(bench, HttpMethod.Post, Config + "/api-keys", """{"name":"shop","scopes":["send"]}""");
        await CallAsync(bench, HttpMethod.Delete, $"{Config}/api-keys/{key!.Text("id")}");
        await CallAsync(bench, HttpMethod.Post, Admin + "api-keys", """{"name":"operators","scopes":["admin"]}""");
        await CallAsync(bench, HttpMethod.Post, Admin + "configs/invalidate-cache");
        await CallAsync(bench, HttpMethod.Post, $"{Admin}dead-letters/{dead}/replay");
        await CallAsync(bench, HttpMethod.Delete, $"{Admin}dead-letters/{discarded}");
        await CallAsync(bench, HttpMethod.Post, Admin + "dead-letters/replay", "{}");
        await CallAsync(bench, HttpMethod.Post, $"{Admin}messages/{held}/release");
        await CallAsync(bench, HttpMethod.Delete, Config + "/audit-logs/recipients");
        await CallAsync(bench, HttpMethod.Post, Config + "/audit-logs/recipients/erase", """{"recipient":"canary@example.com"}""");
        await CallAsync(bench, HttpMethod.Delete, Config);
        await CallAsync(bench, HttpMethod.Post, Admin + "encryption/rotate");
        await bench.SuspendAsync();
        await bench.ResumeAsync();
        await bench.SuspendAsync();
        await CallAsync(bench, HttpMethod.Get, Admin + "tenants/acme/export");
        await bench.OffboardAsync();
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        await bench.SweepTenantsAsync();
        bench.Clock.Advance(TimeSpan.FromMinutes(12));
        await bench.SweepTenantsAsync();

        var rows = await ReadAsync(bench, "limit=200");
        Assert.Equal(AdminActions.All.Order(), rows.Select(static row => row.Text("action")).Distinct().Order());
        Assert.All(rows, static row => Assert.Equal(("done", row.Text("action") == AdminActions.TenantErased ? "service" : "desk"), (row.Text("outcome"), row.Text("actor"))));
        Assert.Equal(dead.ToString(), Assert.Single(rows, static row => row.Text("action") == AdminActions.DeadLetterReplay).Text("target"));
        Assert.Equal(key!.Text("id"), Assert.Single(rows, static row => row.Text("action") == AdminActions.ApiKeyRevoke).Text("target"));
        // The tenant is gone, and what was done to it stays.
        Assert.Contains(await ReadAsync(bench, "tenant_id=acme&limit=200"), static row => row.Text("action") == AdminActions.ConfigCreate);
    }

    [Fact]
    public async Task Changed_fields_are_named_and_neither_secrets_nor_recipients_are_kept()
    {
        await using var bench = new DeliveryBench();
        await CallAsync(bench, HttpMethod.Post, Config, $$"""{"provider_type":"smtp","smtp_host":"mail.example.com","smtp_username":"u","smtp_password":"{{Secret}}","from_email":"a@example.com"}""");
        await CallAsync(bench, HttpMethod.Put, Config, $$"""{"from_name":"Acme","from_email":"a@example.com","smtp_password":"{{Secret}}2","fallback":{"provider_type":"sendgrid","api_key":"{{Secret}}"} }""");
        await CallAsync(bench, HttpMethod.Put, Config, """{"from_name":null,"fallback":null}""");
        bench.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(HttpStatusCode.BadRequest, await bench.StatusOfAsync(HttpMethod.Put, Config, """{"smtp_port":70000}"""));
        await CallAsync(bench, HttpMethod.Post, Config + "/audit-logs/recipients/erase", """{"recipient":"canary@example.com"}""");
        await bench.StatusOfAsync(HttpMethod.Post, Config + "/test", """{"to":"canary@example.com"}""");

        var rows = await ReadAsync(bench, "");

        Assert.Equal(["from_email", "provider_type", "smtp_host", "smtp_password", "smtp_username"], FieldsOf(rows[^1]));
        Assert.Equal(["fallback.api_key", "fallback.provider_type", "from_name", "smtp_password"], FieldsOf(rows[^2]));
        Assert.Equal(["fallback.api_key", "fallback.provider_type", "from_name"], FieldsOf(rows[^3]));
        Assert.Equal(("refused", "400 validation"), (rows[^4].Text("outcome"), rows[^4].Text("detail")));
        foreach (var entity in (await bench.Table.QueryAsync(EntityQuery.Prefix("activity", ""), Cancelled)).Entities)
        {
            var text = string.Join('\n', entity.Properties.Select(static pair => $"{pair.Value}")) + entity.Key;
            Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_can_not_be_written_down_is_not_done()
    {
        await using var bench = new DeliveryBench();
        bench.Table.OnWrite = static _ => TableFault.Before;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await bench.StatusOfAsync(HttpMethod.Post, Config, """{"provider_type":"file","from_email":"a@example.com"}"""));
        bench.Table.OnWrite = static _ => TableFault.None;

        Assert.Equal(HttpStatusCode.NotFound, await bench.StatusOfAsync(HttpMethod.Get, Config));
        Assert.Empty(await ReadAsync(bench, ""));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whoever_ends_in_the_middle_leaves_a_row_whose_outcome_is_unknown(int failing)
    {
        await using var bench = new DeliveryBench();
        var count = 0;
        bench.Table.OnWrite = _ => ++count >= failing ? TableFault.Before : TableFault.None;
        await bench.StatusOfAsync(HttpMethod.Post, Config, """{"provider_type":"file","from_email":"a@example.com"}""");
        bench.Table.OnWrite = static _ => TableFault.None;

        var row = Assert.Single(await ReadAsync(bench, ""));
        Assert.Equal(("config_replace", "unknown", "acme"), (row.Text("action"), row.Text("outcome"), row.Text("tenant_id")));
    }

    [Fact]
    public async Task Pages_and_filters_show_each_row_that_is_meant_once_newest_first()
    {
        await using var bench = new DeliveryBench();
        var names = new[] { "acme", "acme-2", "acm" };
        for (var number = 0; number < 60; number++)
        {
            bench.Clock.Advance(TimeSpan.FromMinutes(1));
            await bench.Get<AdminAudit>().WriteAsync(
                new AdminDeed($"key:{number % 2}", number % 5 == 0 ? AdminActions.ConfigTest : AdminActions.ConfigChange, TenantOf(names[number % 3])) { Target = $"{number}" }, Cancelled);
        }

        Assert.Equal(Numbers(60), await PagesAsync(bench, "limit=7"));
        Assert.Equal(Numbers(60).Where(static n => n % 3 == 0), await PagesAsync(bench, "limit=7&tenant_id=acme"));
        Assert.Equal(Numbers(60).Where(static n => n % 3 == 0), await PagesAsync(bench, "limit=200", Config + "/activity"));
        Assert.Equal(Numbers(60).Where(static n => n % 2 == 1 && n % 5 == 0), await PagesAsync(bench, "limit=2&actor=key:1&action=config_test"));
        Assert.Equal(Numbers(40).Where(static n => n >= 20), await PagesAsync(bench, "limit=9&start_date=2026-11-24T12:21:00Z&end_date=2026-11-24T12:41:00Z"));
    }

    [Fact]
    public async Task Old_rows_go_and_younger_ones_stay()
    {
        await using var bench = new DeliveryBench();
        await bench.Get<AdminAudit>().WriteAsync(new AdminDeed("key:1", AdminActions.ConfigTest, TenantOf("acme")), Cancelled);
        await bench.Get<AdminAudit>().WriteAsync(new AdminDeed("key:1", AdminActions.CacheInvalidate), Cancelled);
        bench.Clock.Advance(TimeSpan.FromDays(700));
        await bench.Get<AdminAudit>().WriteAsync(new AdminDeed("key:1", AdminActions.ConfigChange, TenantOf("acme")), Cancelled);
        bench.Clock.Advance(TimeSpan.FromDays(31));

        await new ActivityRetentionSweep(bench.Table, new ActivitySettings(Retention: null), bench.Clock, NullLogger<ActivityRetentionSweep>.Instance).RunAsync(Cancelled);
        Assert.Equal(3, (await ReadAsync(bench, "")).Count);
        await bench.Get<ActivityRetentionSweep>().RunAsync(Cancelled);

        Assert.Equal("config_change", Assert.Single(await ReadAsync(bench, "")).Text("action"));
        Assert.Equal(2, (await bench.Table.QueryAsync(EntityQuery.Prefix("activity", ""), Cancelled)).Entities.Count);
    }

    [Theory]
    [InlineData("tenant_id=a%2Fb")]
    [InlineData("action=canary")]
    [InlineData("actor=")]
    [InlineData("start_date=canary")]
    [InlineData("start_date=2026-02-01&end_date=2026-01-01")]
    [InlineData("cursor=Canary")]
    [InlineData("limit=201")]
    public async Task A_question_that_is_wrong_is_refused_by_its_field(string query)
    {
        await using var bench = new DeliveryBench();

        using var answer = await bench.Client.GetAsync(new Uri($"{Admin}activity?{query}", UriKind.Relative), Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var body = await answer.Content.ReadAsStringAsync(Cancelled);
        Assert.NotNull(JsonNode.Parse(body)!["errors"]![query.Split('=')[0]]);
        Assert.DoesNotContain("canary", body, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<JsonNode?> CallAsync(DeliveryBench bench, HttpMethod method, string path, string json = "")
    {
        bench.Clock.Advance(TimeSpan.FromMilliseconds(1));
        using var answer = await bench.Client.SendJsonAsync(method, path, json);
        var body = await answer.Content.ReadAsStringAsync(Cancelled);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {answer.StatusCode} {body}");
        return answer.Content.Headers.ContentType?.MediaType == "application/json" ? JsonNode.Parse(body) : null;
    }

    private static async Task<MessageId> DieAsync(DeliveryBench bench)
    {
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "refused");
        var id = await bench.AcceptAsync();
        await bench.DispatchAsync(id);
        while ((await bench.ReadAsync(id)).Status != MessageStatus.DeadLettered)
        {
            bench.Clock.Advance(TimeSpan.FromMinutes(10));
            await bench.DispatchAsync(id);
        }

        bench.Queue.Messages.Clear();
        return id;
    }

    private static async Task<List<JsonNode>> ReadAsync(DeliveryBench bench, string query) => [.. (await bench.ReadAdminAsync("activity?" + query))["activities"]!.AsArray().Select(static row => row!)];

    private static async Task<List<int>> PagesAsync(DeliveryBench bench, string query, string path = Admin + "activity")
    {
        var (numbers, cursor) = (new List<int>(), "");
        do
        {
            var page = (await bench.Client.MustAsync(HttpMethod.Get, $"{path}?{query}{(cursor.Length == 0 ? "" : "&cursor=" + cursor)}", ""))!;
            numbers.AddRange(page["activities"]!.AsArray().Select(static row => int.Parse(row!.Text("target"), System.Globalization.CultureInfo.InvariantCulture)));
            cursor = page["next_cursor"]?.GetValue<string>();
            Assert.Equal(cursor is not null, page["has_more"]!.GetValue<bool>());
        }
        while (cursor is not null);

        return numbers;
    }

    private static IEnumerable<int> Numbers(int count) => Enumerable.Range(0, count).Reverse();

    private static List<string> FieldsOf(JsonNode row) => [.. row["changed_fields"]!.AsArray().Select(static field => field!.GetValue<string>())];

    private static TenantId TenantOf(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);
}
