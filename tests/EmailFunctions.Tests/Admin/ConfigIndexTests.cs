using EmailFunctions.Admin;
using EmailFunctions.Configs;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Admin;

/// <summary>Configurations over all tenants, and their cache.</summary>
public sealed class ConfigIndexTests
{
    [Fact]
    public async Task All_configurations_are_listed_page_by_page_each_once_while_others_come_and_go()
    {
        await using var bench = new DeliveryBench();
        var names = Enumerable.Range(0, 25).Select(static number => $"t{number:D2}").ToList();
        foreach (var name in names)
            await bench.SaveConfigAsync(name);
        await bench.SaveConfigAsync("t000");

        var seen = new List<string>();
        var cursor = "";
        do
        {
            var page = await bench.ReadAdminAsync("configs?limit=10" + cursor);
            seen.AddRange(page.Texts("configs", "tenant_id"));
            Assert.Equal(page["next_cursor"] is not null, page["has_more"]!.GetValue<bool>());
            cursor = page["next_cursor"] is { } next ? "&cursor=" + next : "";
            await bench.SaveConfigAsync($"a{seen.Count}");
        }
        while (cursor.Length > 0);

        // The one that goes on from another's name is not lost behind it.
        Assert.Equal(names.Append("t000").Order(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task A_listed_configuration_is_the_one_that_its_own_path_shows_without_its_secrets()
    {
        await using var bench = new DeliveryBench();
        await bench.SaveConfigAsync("acme", "smtp");

        var listed = Assert.Single((await bench.ReadAdminAsync("configs"))["configs"]!.AsArray())!;
        var own = await bench.Client.GetStringAsync(new Uri("/api/v1/email/configs/acme", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(own, listed.ToJsonString(new System.Text.Json.JsonSerializerOptions(System.Text.Json.JsonSerializerDefaults.Web)), ignoreCase: false);
        Assert.True(listed["has_smtp_password"]!.GetValue<bool>());
        Assert.DoesNotContain("canary", own, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Filters_find_those_that_are_active_and_those_of_a_provider()
    {
        await using var bench = new DeliveryBench();
        await bench.SaveConfigAsync("active", "smtp");
        await bench.SaveConfigAsync("inactive", "smtp", ",\"is_active\":false");
        await bench.SaveConfigAsync("other");

        Assert.Equal(["active", "other"], (await bench.ReadAdminAsync("configs?active_only=true")).Texts("configs", "tenant_id"));
        Assert.Equal(["active", "inactive"], (await bench.ReadAdminAsync("configs?provider=smtp&active_only=false")).Texts("configs", "tenant_id"));
        Assert.Equal(["active"], (await bench.ReadAdminAsync("configs?provider=smtp&active_only=true")).Texts("configs", "tenant_id"));
        Assert.Empty((await bench.ReadAdminAsync("configs?provider=ses")).Texts("configs", "tenant_id"));
    }

    [Fact]
    public async Task A_search_for_few_among_many_stops_at_its_bound_and_goes_on_from_there()
    {
        await using var bench = new DeliveryBench();
        await bench.SaveConfigAsync("m", "smtp");
        var row = (await bench.Table.GetAsync(new EntityKey("configs", "m"), TestContext.Current.CancellationToken))!;
        await bench.SaveConfigAsync("m");
        var other = (await bench.Table.GetAsync(new EntityKey("configs", "m"), TestContext.Current.CancellationToken))!;
        await PutAsync(bench, other, Enumerable.Range(0, ConfigIndex.MaxLooks).Select(static number => $"a{number:D5}"));
        await PutAsync(bench, row, ["z"]);
        bench.Table.ResetCounts();

        var first = await bench.ReadAdminAsync("configs?provider=smtp");
        Assert.InRange(bench.Table.Queries, 1, (ConfigIndex.MaxLooks / EntityLimits.MaxPageSize) + 1);
        var second = await bench.ReadAdminAsync("configs?provider=smtp&cursor=" + first["next_cursor"]);

        Assert.Empty(first["configs"]!.AsArray());
        Assert.Equal(["z"], second.Texts("configs", "tenant_id"));
        Assert.Null(second["next_cursor"]);
    }

    [Fact]
    public async Task The_distribution_counts_tenants_by_their_first_provider()
    {
        await using var bench = new DeliveryBench();
        Assert.Equal("""{"total_configured_tenants":0,"distribution":[],"percentages":{}}""", (await bench.ReadAdminAsync("providers/distribution")).ToJsonString());
        await bench.SaveConfigAsync("a", "smtp", ",\"fallback\":{\"provider_type\":\"console\"}");
        await bench.SaveConfigAsync("b", "smtp");
        await bench.SaveConfigAsync("c");

        Assert.Equal(
            """{"total_configured_tenants":3,"distribution":[{"provider":"smtp","tenant_count":2},{"provider":"file","tenant_count":1}],"percentages":{"smtp":66.67,"file":33.33}}""",
            (await bench.ReadAdminAsync("providers/distribution")).ToJsonString());
    }

    [Theory]
    [InlineData("", true, true)]
    [InlineData("?tenant_id=acme", true, false)]
    public async Task A_dropped_configuration_is_read_from_the_store_by_the_next_who_needs_it(string query, bool acme, bool bravo)
    {
        await using var bench = new DeliveryBench();
        await bench.SaveConfigAsync("acme");
        await bench.SaveConfigAsync("bravo");
        await AreReadAsync(bench);
        Assert.Equal((false, false), await AreReadAsync(bench));

        var answer = await bench.Client.MustAsync(HttpMethod.Post, "/api/v1/admin/email/configs/invalidate-cache" + query, "");

        Assert.Equal((acme, bravo), await AreReadAsync(bench));
        Assert.Equal(query.Length > 0 ? "acme" : null, answer!["tenant_id"]?.GetValue<string>());
        Assert.Equal(("instance", 30), (answer["scope"]!.GetValue<string>(), answer["other_instances_within_seconds"]!.GetValue<int>()));
    }

    private static async Task<(bool Acme, bool Bravo)> AreReadAsync(DeliveryBench bench)
    {
        return (await IsReadAsync(DeliveryBench.Tenant), await IsReadAsync(TenantId.TryParse("bravo", out var bravo) ? bravo : throw new InvalidOperationException()));

        async Task<bool> IsReadAsync(TenantId tenant)
        {
            bench.Table.ResetCounts();
            Assert.NotNull(await bench.Get<ConfigCache>().GetAsync(tenant, TestContext.Current.CancellationToken));
            return bench.Table.Reads == 1;
        }
    }

    private static async Task PutAsync(DeliveryBench bench, Entity like, IEnumerable<string> tenants)
    {
        foreach (var chunk in tenants.Chunk(EntityLimits.MaxBatchEntities))
        {
            await bench.Table.WriteAsync([.. chunk.Select(tenant =>
            {
                var entity = new Entity("configs", tenant);
                foreach (var (name, value) in like.Properties)
                    entity[name] = value;
                return EntityWrite.Put(entity);
            })], TestContext.Current.CancellationToken);
        }
    }
}
