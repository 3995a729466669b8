using System.Net;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Sending;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Tracking;

public sealed class CancelTests
{
    [Fact]
    public async Task A_cancelled_message_is_not_sent()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.MustSendAsync();

        var answer = await bench.CancelAsync(id.ToString());
        await bench.DrainAsync();

        Assert.Equal((HttpStatusCode.OK, "cancelled"), (answer.Status, answer.Body.Text("status")));
        Assert.Empty(bench.Provider.Given);
    }

    [Fact]
    public async Task Cancelling_twice_gives_the_same_answer()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.MustSendAsync();
        var first = await bench.CancelAsync(id.ToString());
        bench.Clock.Advance(TimeSpan.FromMinutes(1));

        var second = await bench.CancelAsync(id.ToString());

        Assert.Equal(HttpStatusCode.OK, second.Status);
        Assert.Equal(first.Body.ToJsonString(), second.Body.ToJsonString());
    }

    [Theory]
    [InlineData("\"send_at\":\"2026-12-24T00:00:00Z\"")]
    [InlineData("\"priority\":\"low\"")]
    public async Task Nothing_of_a_cancelled_message_stays_but_its_row(string further)
    {
        await using var bench = new DeliveryBench();
        var id = await bench.MustSendAsync(further + ",\"body_html\":\"" + new string('x', 100_000) + "\"");

        await bench.CancelAsync(id.ToString());

        Assert.Empty(Directory.GetFiles(bench.PayloadFolder, "*", SearchOption.AllDirectories));
        Assert.Empty(await bench.RowsAsync("due-"));
        Assert.Null((await bench.ReadAsync(id)).Payload);
    }

    [Fact]
    public async Task What_is_being_sent_can_not_be_cancelled_nor_can_what_was()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.MustSendAsync();
        Answer? meanwhile = null;
        bench.Provider.During = async _ => meanwhile = await bench.CancelAsync(id.ToString());

        await bench.DrainAsync();
        var after = await bench.CancelAsync(id.ToString());

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict), (meanwhile!.Status, after.Status));
        Assert.Contains("sending", meanwhile.Body.Text("detail"), StringComparison.Ordinal);
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
    }

    [Fact]
    public async Task Who_is_claimed_between_read_and_write_is_sent_and_the_answer_says_so()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.MustSendAsync();
        bench.Table.AfterRead = async () =>
        {
            bench.Table.AfterRead = static () => Task.CompletedTask;
            await bench.DispatchAsync(id);
        };

        Assert.Equal(HttpStatusCode.Conflict, (await bench.CancelAsync(id.ToString())).Status);
        Assert.Single(bench.Provider.Given);
    }

    [Fact]
    public async Task Who_leaves_the_line_makes_room_for_the_next()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":1");
        await bench.MustSendAsync();
        var second = await bench.MustSendAsync();
        var third = await bench.MustSendAsync();
        await bench.DrainAsync();
        Assert.True((await bench.ReadAsync(second)).IsWaiting);

        await bench.CancelAsync(second.ToString());
        bench.Clock.Advance(TimeSpan.FromSeconds(62));
        await bench.DrainAsync();

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(third)).Status);
        Assert.Equal(0, (await bench.Get<TenantLanes>().ReadAsync(DeliveryBench.Tenant, TestContext.Current.CancellationToken))!.InLine);
    }

    [Fact]
    public async Task What_an_earlier_attempt_took_of_the_budget_is_given_back()
    {
        await using var bench = new DeliveryBench();
        await bench.UseConfigAsync("\"rate_limit_per_minute\":0,\"cost_per_email_usd\":1,\"monthly_budget_usd\":5");
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "no");
        var id = await bench.MustSendAsync();
        await bench.DrainAsync();
        Assert.Equal(1, await UsedAsync(bench));

        await bench.CancelAsync(id.ToString());

        Assert.Equal(0, await UsedAsync(bench));
    }

    [Fact]
    public async Task What_is_held_can_be_cancelled()
    {
        await using var bench = new DeliveryBench();
        bench.Provider.Answer = static _ => SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, "no");
        var id = await bench.MustSendAsync();
        await bench.DrainAsync();
        Assert.True((await bench.ReadAsync(id)).IsHeld);

        Assert.Equal(HttpStatusCode.OK, (await bench.CancelAsync(id.ToString())).Status);
        Assert.Empty(await bench.RowsAsync("held-"));
    }

    [Theory]
    [InlineData("acme~00000000000000000000000000000000")]
    [InlineData("rubbish")]
    public async Task What_there_is_not_is_404(string id)
    {
        await using var bench = new DeliveryBench();

        Assert.Equal(HttpStatusCode.NotFound, (await bench.CancelAsync(id)).Status);
    }

    private static async Task<decimal> UsedAsync(DeliveryBench bench) =>
        (await bench.Get<TenantLanes>().ReadAsync(DeliveryBench.Tenant, TestContext.Current.CancellationToken))!.Month.Used;
}
