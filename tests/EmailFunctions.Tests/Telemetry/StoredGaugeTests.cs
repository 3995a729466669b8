using EmailFunctions.Storage;
using EmailFunctions.Telemetry;
using EmailFunctions.Tests.Support;
using EmailFunctions.Usage;

namespace EmailFunctions.Tests.Telemetry;

/// <summary>Gauges that are read from the store, so that every instance shows the same.</summary>
public sealed class StoredGaugeTests
{
    [Fact]
    public async Task Spend_is_of_this_month_and_active_is_who_had_mail_within_a_day()
    {
        await using var bench = new DeliveryBench();
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","cost_per_email_usd":0.25,"monthly_budget_usd":10,"daily_quota":4}""");
        await SendAsync(bench, recipients: 4);
        bench.Clock.Advance(TimeSpan.FromDays(5));
        await SendAsync(bench, recipients: 2);

        var november = await Scrape.OfAsync(bench.Client);
        bench.Clock.Advance(TimeSpan.FromDays(3));
        await SendAsync(bench, recipients: 1);
        var december = await Scrape.OfAsync(bench.Client);
        bench.Clock.Advance(TimeSpan.FromDays(2));
        var later = await Scrape.OfAsync(bench.Client);

        // The first mail is of the 24th of November, the second of the 29th, the third of the 2nd of December.
        Assert.Equal(1.5, november.Sum("email_monthly_spend_usd", "tenant_id=acme"));
        Assert.Equal(15, november.Sum("email_quota_utilization", "tenant_id=acme", "quota_type=monthly"));
        Assert.Equal(25, november.Sum("email_quota_utilization", "tenant_id=acme", "quota_type=daily"));
        Assert.Equal(1, november.Sum("email_active_tenants"));
        Assert.Equal(0.25, december.Sum("email_monthly_spend_usd", "tenant_id=acme"));
        Assert.Equal(0.25, later.Sum("email_monthly_spend_usd", "tenant_id=acme"));
        Assert.Equal(0, later.Sum("email_active_tenants"));
    }

    [Fact]
    public async Task A_budget_whose_rest_is_too_little_for_the_next_message_shows_as_used_up_until_it_is_raised()
    {
        await using var bench = new DeliveryBench();
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","cost_per_email_usd":0.3,"monthly_budget_usd":1}""");
        await SendAsync(bench, recipients: 3);
        var room = (await Scrape.OfAsync(bench.Client)).Sum("email_quota_utilization", "tenant_id=acme", "quota_type=monthly");
        await SendAsync(bench, recipients: 1);
        bench.Clock.Advance(StoredGauges.Lifetime);
        var waiting = (await Scrape.OfAsync(bench.Client)).Sum("email_quota_utilization", "tenant_id=acme", "quota_type=monthly");

        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","cost_per_email_usd":0.3,"monthly_budget_usd":2}""");
        await bench.RunQueueAsync(TimeSpan.FromMinutes(2));

        var raised = (await Scrape.OfAsync(bench.Client)).Sum("email_quota_utilization", "tenant_id=acme", "quota_type=monthly");
        Assert.Equal((90, 100, 60), (room, waiting, raised));
    }

    [Fact]
    public async Task What_cannot_be_read_is_not_shown_and_takes_nothing_else_with_it()
    {
        await using var bench = new DeliveryBench();
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","cost_per_email_usd":0.25,"daily_quota":4}""");
        await SendAsync(bench, recipients: 1);
        Assert.NotNull((await Scrape.OfAsync(bench.Client)).Sum("email_quota_utilization"));
        bench.Clock.Advance(StoredGauges.Lifetime);
        bench.Table.OnRead = static () => throw new StoreUnavailableException("away");

        var metrics = await Scrape.OfAsync(bench.Client);

        Assert.Null(metrics.Sum("email_quota_utilization"));
        Assert.Equal(1, metrics.Sum("email_delivery_total"));
    }

    [Fact]
    public async Task Whoever_scrapes_again_and_again_costs_no_further_reads()
    {
        await using var bench = new DeliveryBench();
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","daily_quota":4}""");
        await Scrape.OfAsync(bench.Client);
        bench.Table.ResetCounts();

        bench.Clock.Advance(StoredGauges.Lifetime - TimeSpan.FromMilliseconds(1));
        await Scrape.OfAsync(bench.Client);
        var soon = bench.Table.Transactions;
        bench.Clock.Advance(TimeSpan.FromMilliseconds(1));
        await Scrape.OfAsync(bench.Client);

        Assert.Equal(0, soon);
        Assert.InRange(bench.Table.Transactions, 1, 10);
    }

    private static async Task SendAsync(DeliveryBench bench, int recipients)
    {
        await bench.DispatchAsync(await bench.AcceptAsync(recipients));
        while (!(await bench.Get<UsageRollupSweep>().RunAsync(TestContext.Current.CancellationToken)).IsComplete)
        {
            // There is more to do.
        }
    }
}
