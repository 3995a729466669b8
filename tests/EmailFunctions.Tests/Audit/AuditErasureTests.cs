using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EmailFunctions.Access;
using EmailFunctions.Audit;
using EmailFunctions.Keys;
using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tests.Sending;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using static EmailFunctions.Tests.Audit.AuditBench;

namespace EmailFunctions.Tests.Audit;

public sealed class AuditErasureTests
{
    private const string Path = "/api/v1/email/configs/acme/audit-logs";
    private const string Address = "a@example.com";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_their_key_old_hashes_can_not_be_linked_to_an_address_or_to_new_ones()
    {
        await using var bench = new DeliveryBench();
        await SendAsync(bench);
        var other = await bench.HashAsync(TenantOf("bravo"), Address);
        var old = Assert.Single(await bench.ReadAllAsync(DeliveryBench.Tenant)).RecipientHash;
        Assert.Single(await FoundAsync(bench));

        var answer = await EraseAllAsync(bench);

        Assert.Equal(bench.Clock.GetUtcNow() + RecipientHasher.KeyLifetime, answer["everywhere_at"]!.GetValue<DateTimeOffset>());
        Assert.Empty(await FoundAsync(bench));
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        await SendAsync(bench);
        var rows = await bench.ReadAllAsync(DeliveryBench.Tenant);
        Assert.Equal(old, rows[1].RecipientHash);
        Assert.NotEqual(old, rows[0].RecipientHash);
        Assert.Single(await FoundAsync(bench));
        Assert.Equal(other, await bench.HashAsync(TenantOf("bravo"), Address));
    }

    [Fact]
    public async Task Another_instance_goes_on_with_a_dropped_key_until_the_time_that_was_announced_and_no_longer()
    {
        await using var bench = new DeliveryBench();
        using var keys = new DataKeyCache(bench.Get<IKeyWrapper>(), bench.Clock);
        using var stored = new StoredKeys(bench.Table, keys, bench.Clock);
        var elsewhere = new RecipientHasher(stored);
        var old = await bench.HashAsync(DeliveryBench.Tenant, Address);
        Assert.Equal(old, await elsewhere.HashAsync(DeliveryBench.Tenant, Address, Cancelled));

        var answer = await EraseAllAsync(bench);

        Assert.NotEqual(old, await bench.HashAsync(DeliveryBench.Tenant, Address));
        Assert.Equal(old, await elsewhere.HashAsync(DeliveryBench.Tenant, Address, Cancelled));
        bench.Clock.Advance(answer["everywhere_at"]!.GetValue<DateTimeOffset>() - bench.Clock.GetUtcNow());
        Assert.Equal(await bench.HashAsync(DeliveryBench.Tenant, Address), await elsewhere.HashAsync(DeliveryBench.Tenant, Address, Cancelled));
    }

    [Fact]
    public async Task A_drop_whose_answer_was_lost_is_a_drop_and_may_be_asked_for_again()
    {
        await using var bench = new DeliveryBench();
        var old = await bench.HashAsync(DeliveryBench.Tenant, Address);
        // The first says who asks for it.
        bench.Table.ResetCounts();
        bench.Table.OnWrite = static number => number == 2 ? TableFault.After : TableFault.None;

        using var lost = await bench.Client.DeleteAsync(new Uri(Path + "/recipients", UriKind.Relative), Cancelled);
        bench.Table.OnWrite = static _ => TableFault.None;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, lost.StatusCode);
        Assert.NotEqual(old, await bench.HashAsync(DeliveryBench.Tenant, Address));
        await EraseAllAsync(bench);
    }

    [Fact]
    public async Task An_idempotency_key_of_before_the_drop_is_answered_as_before_whatever_its_body_and_nothing_is_sent_twice()
    {
        await using var bench = new DeliveryBench();
        var message = SendingCalls.Message("\"idempotency_key\":\"once\"");
        var changed = SendingCalls.Message("\"idempotency_key\":\"once\",\"priority\":\"high\"");
        var first = (await bench.SendAsync(message)).Id;
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await bench.SendAsync(changed)).Status);

        await EraseAllAsync(bench);

        Assert.Equal(first, (await bench.SendAsync(message)).Id);
        // It can't be told from the same one any more.
        Assert.Equal(first, (await bench.SendAsync(changed)).Id);
        Assert.Equal(first.ToString(), Assert.Single(await bench.SendBatchAsync(message))["message_id"]!.GetValue<string>());
        Assert.Single(await bench.RowsAsync("msg-"));

        // A key that is used after it is judged by its body again.
        await bench.SendAsync(SendingCalls.Message("\"idempotency_key\":\"new\""));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await bench.SendAsync(SendingCalls.Message("\"idempotency_key\":\"new\",\"priority\":\"high\""))).Status);
    }

    [Fact]
    public async Task One_recipient_is_erased_from_all_rows_of_its_tenant_and_from_no_others()
    {
        await using var bench = new DeliveryBench();
        var (acme, bravo) = (DeliveryBench.Tenant, TenantOf("bravo"));
        var (gone, stays, elsewhere) = (await bench.HashAsync(acme, Address), await bench.HashAsync(acme, "b@example.com"), await bench.HashAsync(bravo, Address));
        await bench.WriteAsync(Enumerable.Range(0, 2_500).Select(number => Row(acme, number, bench.Clock.GetUtcNow().AddSeconds(-number), number % 5 == 0 ? gone : stays, template: "t")));
        await bench.WriteAsync([Row(bravo, 1, bench.Clock.GetUtcNow(), elsewhere)]);
        var before = await bench.ReadAllAsync(acme);

        var answer = await EraseAsync(bench, "A@Example.com");
        Assert.Equal(("acme", "accepted"), (answer["tenant_id"]!.GetValue<string>(), answer["status"]!.GetValue<string>()));
        Assert.Equal(new SweepRun(500, true), await bench.Erasure().RunAsync(Cancelled));

        // All else that the rows say stays.
        Assert.Equal(before.Select(row => row.RecipientHash == gone ? row with { RecipientHash = "erased" } : row), await bench.ReadAllAsync(acme));
        Assert.Equal(elsewhere, Assert.Single(await bench.ReadAllAsync(bravo)).RecipientHash);
        Assert.Empty(await FoundAsync(bench));
        Assert.Equal(new SweepRun(0, true), await bench.Erasure().RunAsync(Cancelled));
        Assert.Empty(await bench.Get<AuditErasures>().ListAsync(Cancelled));
    }

    [Fact]
    public async Task Erasures_that_begin_together_cost_one_reading_of_the_tenants_rows()
    {
        await using var bench = new DeliveryBench();
        await bench.WriteAsync(Enumerable.Range(0, 1_500).Select(number => Row(DeliveryBench.Tenant, number, bench.Clock.GetUtcNow().AddSeconds(-number))));
        for (var number = 0; number < 150; number++)
            await EraseAsync(bench, $"r{number}@example.com");
        bench.Table.ResetCounts();

        await bench.Erasure().RunAsync(Cancelled);

        // The erasures before and after, two pages, and the messages whose contents may name them: dead, held and parked; the erasures' end takes two batches.
        Assert.Equal((7, 2), (bench.Table.Queries, bench.Table.Writes));
    }

    [Fact]
    public async Task A_run_stops_within_a_tenant_and_another_process_goes_on_behind_the_row_that_was_read_last()
    {
        await using var bench = new DeliveryBench();
        var hash = await bench.HashAsync(DeliveryBench.Tenant, Address);
        var count = (AuditErasureSweep.MaxPages * EntityLimits.MaxPageSize) + 1;
        await bench.WriteAsync(Enumerable.Range(0, count).Select(number => Row(DeliveryBench.Tenant, number, bench.Clock.GetUtcNow().AddSeconds(-number), number == 0 || number == count - 1 ? hash : "h")));
        await EraseAsync(bench, Address);

        Assert.Equal(new SweepRun(1, false), await bench.Erasure().RunAsync(Cancelled));
        bench.Table.ResetCounts();
        Assert.Equal(new SweepRun(1, true), await bench.Erasure().RunAsync(Cancelled));

        Assert.Equal(3 + 3, bench.Table.Queries);
    }

    [Fact]
    public async Task What_is_asked_for_again_while_it_is_carried_out_begins_anew()
    {
        await using var bench = new DeliveryBench();
        var hash = await bench.HashAsync(DeliveryBench.Tenant, Address);
        await bench.WriteAsync([Row(DeliveryBench.Tenant, 1, bench.Clock.GetUtcNow(), hash)]);
        await EraseAsync(bench, Address);
        bench.Table.OnWrite = _ =>
        {
            // The first write erases the row; before it, a newer one comes and the recipient asks again.
            bench.Table.OnWrite = static _ => TableFault.None;
            Task.Run(async () =>
            {
                await bench.WriteAsync([Row(DeliveryBench.Tenant, 2, bench.Clock.GetUtcNow().AddSeconds(1), hash)]);
                await EraseAsync(bench, Address);
            }).GetAwaiter().GetResult();
            return TableFault.None;
        };

        Assert.Equal(new SweepRun(2, true), await bench.Erasure().RunAsync(Cancelled));

        Assert.All(await bench.ReadAllAsync(DeliveryBench.Tenant), static row => Assert.Equal("erased", row.RecipientHash));
    }

    [Fact]
    public async Task Whatever_write_a_process_dies_at_the_next_run_finishes_and_changes_no_other_row()
    {
        await using var bench = new DeliveryBench();
        var deaths = 0;
        foreach (var fault in (TableFault[])[TableFault.Before, TableFault.After])
        {
            for (var write = 1; ; write++)
            {
                var expected = await FillAsync(bench);
                if (!await DiesAsync(bench, write, fault))
                    break;
                deaths++;
                Assert.True((await bench.Erasure().RunAsync(Cancelled)).IsComplete);
                foreach (var (tenant, rows) in expected)
                    Assert.True(rows.SequenceEqual((await bench.ReadAllAsync(TenantOf(tenant))).Select(static row => (Number(row), row.RecipientHash))), $"{fault} write {write}, {tenant}");
                Assert.Empty(await bench.Get<AuditErasures>().ListAsync(Cancelled));
            }
        }

        // Two batches of rows and the end of the erasure, for each of two tenants, before and after.
        Assert.Equal(12, deaths);
    }

    [Theory]
    [InlineData("DELETE", "/recipients", null)]
    [InlineData("POST", "/recipients/erase", """{"recipient":"a@example.com"}""")]
    [InlineData("GET", "/export", null)]
    public async Task The_tenant_itself_may_and_no_other(string method, string path, string? body)
    {
        foreach (var (caller, isAllowed) in (IEnumerable<(string, bool)>)[("acme", true), ("bravo", false)])
        {
            await using var service = ServiceHost.Start(services: services => services.Replace(ServiceDescriptor.Singleton(new Caller(TenantOf(caller), IsAdmin: false))));
            using var request = new HttpRequestMessage(new HttpMethod(method), Path + path) { Content = body is null ? null : ServiceHost.Json(body) };

            using var answer = await service.Client.SendAsync(request, Cancelled);

            Assert.Equal(isAllowed, answer.IsSuccessStatusCode);
            Assert.Equal(!isAllowed, answer.StatusCode == HttpStatusCode.Forbidden);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"recipient":"nobody"}""")]
    [InlineData("""{"recipient":null}""")]
    public async Task Whom_to_erase_must_be_said(string body)
    {
        await using var bench = new DeliveryBench();

        using var answer = await bench.Client.SendJsonAsync(HttpMethod.Post, Path + "/recipients/erase", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.NotNull((await answer.Content.ReadFromJsonAsync<JsonObject>(Cancelled))!["errors"]!["recipient"]);
    }

    private static async Task<Dictionary<string, List<(int, string)>>> FillAsync(DeliveryBench bench)
    {
        var expected = new Dictionary<string, List<(int, string)>>();
        foreach (var name in (string[])["a", "b"])
        {
            var tenant = TenantOf(name);
            var (gone, stays) = (await bench.HashAsync(tenant, Address), await bench.HashAsync(tenant, "b@example.com"));
            await bench.WriteAsync(Enumerable.Range(0, 300).Select(number => Row(tenant, number, bench.Clock.GetUtcNow().AddSeconds(-number), number % 2 == 0 ? gone : stays)));
            await bench.Get<AuditErasures>().RequestAsync(tenant, Address, cancelsWaiting: false, Cancelled);
            expected[name] = [.. Enumerable.Range(0, 300).Select(number => (number, number % 2 == 0 ? "erased" : stays))];
        }

        return expected;
    }

    private static async Task<bool> DiesAsync(DeliveryBench bench, int write, TableFault fault)
    {
        bench.Table.ResetCounts();
        bench.Table.OnWrite = number => number == write ? fault : TableFault.None;
        try
        {
            await bench.Erasure().RunAsync(Cancelled);
            return false;
        }
        catch (StoreUnavailableException)
        {
            return true;
        }
        finally
        {
            bench.Table.OnWrite = static _ => TableFault.None;
        }
    }

    private static async Task SendAsync(DeliveryBench bench)
    {
        await bench.MustSendAsync();
        await bench.DrainAsync();
    }

    private static async Task<JsonArray> FoundAsync(DeliveryBench bench) =>
        (await bench.Client.GetFromJsonAsync<JsonObject>($"{Path}?recipient={Address}", Cancelled))!["logs"]!.AsArray();

    private static async Task<JsonObject> EraseAllAsync(DeliveryBench bench) => (await bench.Client.MustAsync(HttpMethod.Delete, Path + "/recipients", ""))!.AsObject();

    private static async Task<JsonObject> EraseAsync(DeliveryBench bench, string address) =>
        (await bench.Client.MustAsync(HttpMethod.Post, Path + "/recipients/erase", $$"""{"recipient":"{{address}}"}"""))!.AsObject();
}
