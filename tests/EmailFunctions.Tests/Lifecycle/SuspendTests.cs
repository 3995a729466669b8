using System.Net;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Admin;
using EmailFunctions.Tests.Sending;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Lifecycle;

/// <summary>An admin stops a tenant: its mail waits, with the reason, until the tenant is let go.</summary>
public sealed class SuspendTests
{
    private const string Paths = "/api/v1/admin/email/tenants/";

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public async Task Mail_of_a_suspended_tenant_waits_with_the_reason_and_goes_out_in_order_afterwards(int perMinute)
    {
        await using var bench = NewBench(perMinute);
        await bench.SuspendAsync();
        var ids = new List<MessageId>();
        for (var number = 0; number < 5; number++)
        {
            ids.Add(await bench.MustSendAsync());
            bench.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var unseen = (await bench.ShowAsync(ids[0])).Body;
        await bench.DrainAsync();
        await bench.RunQueueAsync(TimeSpan.FromHours(2));

        Assert.Empty(bench.Provider.Given);
        foreach (var body in new[] { unseen, (await bench.ShowAsync(ids[0])).Body })
        {
            Assert.Equal(("deferred", "suspended"), (body.Text("status"), body.Text("reason")));
            Assert.Equal("to be looked into", body["suspension"]!.Text("reason"));
            Assert.Null(body["scheduled_for"]);
        }

        await bench.ResumeAsync();
        await bench.RunQueueAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(ids, bench.Provider.Given.Select(static mail => mail.Id));
        Assert.Null((await bench.ShowAsync(ids[0])).Body["suspension"]);
    }

    [Fact]
    public async Task What_stands_in_line_already_waits_too_and_then_keeps_the_limit()
    {
        await using var bench = NewBench(perMinute: 2);
        var ids = new List<MessageId>();
        for (var number = 0; number < 6; number++)
        {
            ids.Add(await bench.MustSendAsync());
            bench.Clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        await bench.DrainAsync();
        Assert.Equal(2, bench.Provider.Given.Count);

        await bench.SuspendAsync();
        await bench.RunQueueAsync(TimeSpan.FromHours(1));

        Assert.Equal(2, bench.Provider.Given.Count);
        Assert.Equal("suspended", (await bench.ShowAsync(ids[^1])).Body.Text("reason"));
        await bench.ResumeAsync();
        await bench.RunQueueAsync(TimeSpan.FromSeconds(50));
        Assert.Equal(4, bench.Provider.Given.Count);
        await bench.RunQueueAsync(TimeSpan.FromSeconds(61));
        Assert.Equal(ids, bench.Provider.Given.Select(static mail => mail.Id));
    }

    [Fact]
    public async Task Nothing_is_asked_for_again_and_again_while_it_waits()
    {
        await using var bench = NewBench(perMinute: 10);
        for (var number = 0; number < 30; number++)
            await bench.MustSendAsync();
        await bench.DrainAsync();
        await bench.SuspendAsync();
        await bench.RunQueueAsync(TimeSpan.FromHours(2));
        bench.Table.ResetCounts();

        for (var hour = 0; hour < 24; hour++)
        {
            await bench.SweepAllAsync();
            await bench.RunQueueAsync(TimeSpan.FromHours(1));
        }

        Assert.Empty(bench.Queue.Messages);
        // Of sweeps, which note where they are.
        Assert.InRange(bench.Table.Writes, 0, 24 * 5);
        Assert.Equal(10, bench.Provider.Given.Count);
    }

    [Fact]
    public async Task A_message_that_waits_costs_what_one_beyond_the_limit_does()
    {
        await using var bench = NewBench(perMinute: 60);
        await bench.DispatchAsync(await bench.AcceptAsync());
        await bench.SuspendAsync();
        await bench.AcceptAsync();
        bench.Table.ResetCounts();

        await bench.DispatchAsync(await bench.AcceptAsync());

        // Accept and reserve, and the look at the row.
        Assert.Equal((1, 0, 2), (bench.Table.Reads, bench.Table.Queries, bench.Table.Writes));
    }

    [Fact]
    public async Task A_retry_that_comes_due_waits_and_what_is_too_late_expires()
    {
        await using var bench = NewBench(perMinute: 0);
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "refused");
        var retried = await bench.MustSendAsync();
        await bench.DrainAsync();
        var late = await bench.MustSendAsync($"\"expires_at\":\"{bench.Clock.GetUtcNow().AddMinutes(5):O}\"");
        bench.Provider.Answer = static _ => SendResult.Sent("taken");

        await bench.SuspendAsync();
        await bench.RunQueueAsync(TimeSpan.FromMinutes(10));
        await bench.SweepAllAsync();
        await bench.RunQueueAsync(TimeSpan.FromMinutes(1));

        Assert.Single(bench.Provider.Given);
        Assert.Equal(MessageStatus.Deferred, (await bench.ReadAsync(retried)).Status);
        Assert.Equal(MessageStatus.Expired, (await bench.ReadAsync(late)).Status);
        await bench.ResumeAsync();
        await bench.RunQueueAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(retried)).Status);
    }

    [Fact]
    public async Task The_state_is_shown_where_a_tenant_is_looked_at()
    {
        await using var bench = NewBench(perMinute: 60);
        await bench.SaveConfigAsync("acme");
        Assert.Equal("active", await bench.StateAsync());

        await bench.SuspendAsync();

        Assert.Equal("suspended", await bench.StateAsync());
        var listed = Assert.Single((await bench.ReadAdminAsync("tenants"))["tenants"]!.AsArray())!;
        Assert.Equal(("acme", "to be looked into", "desk"), (listed.Text("tenant_id"), listed.Text("reason"), listed.Text("suspended_by")));
        Assert.Equal("to be looked into", Assert.Single((await bench.ReadAdminAsync("configs"))["configs"]!.AsArray())!["suspension"]!.Text("reason"));
        Assert.Equal("to be looked into", (await bench.Client.MustAsync(HttpMethod.Get, "/api/v1/email/configs/acme", ""))!["suspension"]!.Text("reason"));
        await bench.SuspendAsync(reason: "still looked into");
        Assert.Equal("still looked into", Assert.Single((await bench.ReadAdminAsync("tenants"))["tenants"]!.AsArray())!.Text("reason"));
        await bench.ResumeAsync();
        Assert.Equal("active", await bench.StateAsync());
        Assert.Empty((await bench.ReadAdminAsync("tenants"))["tenants"]!.AsArray());
    }

    [Fact]
    public async Task Test_sends_are_refused_and_so_is_to_resume_who_is_not_suspended()
    {
        await using var bench = NewBench(perMinute: 60);
        await bench.SaveConfigAsync("acme");
        Assert.Equal(HttpStatusCode.Conflict, await bench.StatusOfAsync(HttpMethod.Post, Paths + "acme/resume"));
        await bench.SuspendAsync();

        Assert.Equal(HttpStatusCode.Conflict, await bench.StatusOfAsync(HttpMethod.Post, "/api/v1/email/configs/acme/test", """{"to":"a@example.com"}"""));
        Assert.Empty(bench.Provider.Given);
        await bench.ResumeAsync();
        Assert.Equal(HttpStatusCode.OK, await bench.StatusOfAsync(HttpMethod.Post, "/api/v1/email/configs/acme/test", """{"to":"a@example.com"}"""));
    }

    [Fact]
    public async Task Another_tenants_mail_goes_on()
    {
        await using var bench = NewBench(perMinute: 60);
        await bench.SuspendAsync("other");

        await bench.DispatchAsync(await bench.AcceptAsync());

        Assert.Single(bench.Provider.Given);
    }

    [Fact]
    public async Task Whoever_ends_in_the_middle_of_it_leaves_a_tenant_that_is_suspended_or_not_and_never_half()
    {
        foreach (var fault in new[] { TableFault.Before, TableFault.After })
        {
            for (var write = 1; write <= 6; write++)
            {
                await using var bench = NewBench(perMinute: 60);
                await AssertWholeAsync(bench, () => bench.StatusOfAsync(HttpMethod.Post, Paths + "acme/suspend", """{"reason":"r"}"""), fault, write);
                if (await bench.StateAsync() == "active")
                    await bench.SuspendAsync();
                await AssertWholeAsync(bench, () => bench.StatusOfAsync(HttpMethod.Post, Paths + "acme/resume"), fault, write);
            }
        }
    }

    private static async Task AssertWholeAsync(DeliveryBench bench, Func<Task> change, TableFault fault, int number)
    {
        var count = 0;
        // All that comes after is lost, too, as when a process ends.
        bench.Table.OnWrite = _ => ++count < number ? TableFault.None : count == number ? fault : TableFault.Before;
        var call = change();
        // Whoever tries again and again waits in between.
        while (!call.IsCompleted)
        {
            bench.Clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        await call;
        bench.Table.OnWrite = static _ => TableFault.None;
        bench.Clock.Advance(TenantStates.Sharp + TimeSpan.FromSeconds(1));
        await bench.SweepTenantsAsync();

        var state = await bench.Get<TenantStates>().ReadAsync(DeliveryBench.Tenant, TestContext.Current.CancellationToken);
        var limits = await bench.Get<TenantLanes>().ReadAsync(DeliveryBench.Tenant, TestContext.Current.CancellationToken);
        Assert.Equal(state is not null, limits?.IsSuspended ?? false);
        Assert.True(state is null or { Phase: TenantPhase.Suspended, IsSettled: true });
    }

    private static DeliveryBench NewBench(int perMinute) => new(new Dictionary<string, string> { ["EMAIL_RATE_LIMIT_PER_MINUTE"] = $"{perMinute}" });
}
