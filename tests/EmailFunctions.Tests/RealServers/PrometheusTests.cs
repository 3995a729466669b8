using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Monitoring;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.RealServers;

/// <summary>What operators ask a Prometheus that scrapes the service, while it works: the answers are what was sent.</summary>
public sealed partial class PrometheusTests
{
    // Over all of the test's time, however long the machine takes for it.
    private const string SuccessRate = "sum(rate(email_delivery_total{status=\"success\"}[1h])) / sum(rate(email_delivery_total{status=~\"success|failed\"}[1h]))";
    private const int Retried = 2;
    private const int MaxAttempts = 3;
    private const int Limit = 5;

    /// <summary>How long nothing may change that should.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private const string CallsOver5Seconds = "sum(email_delivery_duration_seconds_count) - sum(email_delivery_duration_seconds_bucket{le=\"5\"})";

    /// <summary>Messages of each tenant in each of the two waves.</summary>
    private static readonly int Many = Proof.Count(full: 500, minimum: 50);

    [Fact]
    public async Task The_queries_of_operators_answer_what_was_sent()
    {
        Assert.SkipWhen(PrometheusServer.WhyUnavailable() is not null, PrometheusServer.WhyUnavailable() ?? "");
        using var data = new TempFolder();
        await using var good = SmtpSink.Start();
        await using var moody = SmtpSink.Start(new SmtpSinkOptions { Fault = SmtpFaults.First(Retried, SmtpStage.EndOfData, SmtpFault.Reply("451 4.3.0 local error")) });
        await using var refusing = SmtpSink.Start(new SmtpSinkOptions { Fault = SmtpFaults.Always(SmtpStage.RcptTo, SmtpFault.Reply("550 5.1.1 no such user")) });
        // More than one in a hundred of all calls, so that P99 is among them; nothing else here is as slow.
        var slowCount = Math.Max(8, Many / 12);
        await using var slow = SmtpSink.Start(new SmtpSinkOptions { Fault = SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.Delay(TimeSpan.FromSeconds(5.5))) });
        using var service = await ServiceProcess.StartAsync(data.FullPath, new Dictionary<string, string>
        {
            ["EMAIL_RETRY_MAX_ATTEMPTS"] = MaxAttempts.ToString(CultureInfo.InvariantCulture),
            ["EMAIL_RETRY_BASE_SECONDS"] = "1",
            ["EMAIL_RETRY_MAX_SECONDS"] = "1",
            // A call's time counts from when a connection is asked for; the slow ones are not to wait for one another's.
            ["EMAIL_SMTP_MAX_CONNECTIONS"] = "64",
        });
        await service.Client.UseSinkAsync("good", good.Port, ""","cost_per_email_usd":0.001""");
        await service.Client.UseSinkAsync("moody", moody.Port);
        await service.Client.UseSinkAsync("refused", refusing.Port);
        await service.Client.UseSinkAsync("slow", slow.Port);
        await service.Client.UseSinkAsync("down", ServiceProcess.FreePort());
        await service.Client.ConfigureAsync("files", """{"provider_type":"file","from_email":"a@example.com","rate_limit_per_minute":0,"cost_per_email_usd":0.002}""");
        // By its budget: a slot of an hour that a slow machine lets pass is used all the same, and one message less goes.
        await service.Client.ConfigureAsync("limited", $$"""{"provider_type":"file","from_email":"a@example.com","rate_limit_per_minute":0,"cost_per_email_usd":0.01,"monthly_budget_usd":0.0{{Limit}}}""");
        await using var prometheus = await PrometheusServer.StartAsync(service.Port, Repository.PathOf("infra/monitoring/prometheus/alerts.yml"));

        // In two waves: a series that begins between two scrapes has no rate yet.
        await SendAsync(service.Client, "good", Many, recipients: 2);
        await SendAsync(service.Client, "files", Many);
        await SendAsync(service.Client, "refused", 4);
        await EventuallyAsync(prometheus, "sum(email_delivery_total)", ("", (2 * Many) + 4));
        await SendAsync(service.Client, "limited", 3 * Limit);
        await SendAsync(service.Client, "down", 1);
        await SendAsync(service.Client, "slow", slowCount);
        await SendAsync(service.Client, "moody", Many);
        await SendAsync(service.Client, "refused", 4);
        await SendAsync(service.Client, "good", Many, recipients: 2);
        await SendAsync(service.Client, "files", Many);

        var ended = (5 * Many) + slowCount + Limit + 8 + 1;
        await EventuallyAsync(prometheus, "sum(email_delivery_total{status=~\"success|failed\"})", ("", ended));
        await EventuallyAsync(
            prometheus, "sum by (tenant_id, status) (email_delivery_total)",
            ("status=success,tenant_id=good", 2 * Many), ("status=success,tenant_id=files", 2 * Many), ("status=success,tenant_id=moody", Many), ("status=success,tenant_id=slow", slowCount),
            ("status=success,tenant_id=limited", Limit), ("status=rate_limited,tenant_id=limited", 2 * Limit), ("status=failed,tenant_id=refused", 8), ("status=failed,tenant_id=down", 1));
        await EventuallyAsync(
            prometheus, "100 * sum(email_delivery_total{status=\"success\"}) / sum(email_delivery_total{status=~\"success|failed\"})", ("", 100.0 * (ended - 9) / ended));
        await EventuallyAsync(prometheus, "sum by (tenant_id, limit_type) (email_rate_limit_hits_total)", ("limit_type=monthly_budget,tenant_id=limited", 2 * Limit));
        await EventuallyAsync(prometheus, "sum by (provider) (email_cost_usd_total)", ("provider=smtp", 2 * Many * 2 * 0.001), ("provider=file", (2 * Many * 0.002) + (Limit * 0.01)));
        await EventuallyAsync(
            prometheus, "sum by (provider) (email_recipients_total)", ("provider=smtp", (2 * Many * 2) + Many + slowCount), ("provider=file", (2 * Many) + Limit));
        await EventuallyAsync(
            prometheus, "sum by (error_category) (email_provider_errors_total)", ("error_category=recipient", 8), ("error_category=network", MaxAttempts), ("error_category=provider_unavailable", Retried));
        await EventuallyAsync(
            prometheus, "max by (provider, tenant_id) (email_provider_health)",
            ("provider=smtp,tenant_id=good", 1), ("provider=smtp,tenant_id=moody", 1), ("provider=smtp,tenant_id=slow", 1), ("provider=smtp,tenant_id=down", 0),
            ("provider=file,tenant_id=files", 1), ("provider=file,tenant_id=limited", 1));
        await EventuallyAsync(prometheus, "sum(email_dead_letters_total)", ("", 1));
        await EventuallyAsync(
            prometheus, "sum by (provider) (email_delivery_duration_seconds_count)",
            ("provider=smtp", (3 * Many) + slowCount + 8 + MaxAttempts + Retried), ("provider=file", (2 * Many) + Limit));
        Assert.Equal((2 * Many, Many, slowCount), (good.Messages.Count, moody.Messages.Count, slow.Messages.Count));

        // A machine that is busy may make others slow, and these slower, up to the last bound; both ways of counting agree on them.
        await EventuallyBetweenAsync(prometheus, "histogram_quantile(0.99, sum by (le) (email_delivery_duration_seconds_bucket))", 5, 30);
        await EventuallyBetweenAsync(prometheus, "sum(email_delivery_slow_total)", slowCount, ended + MaxAttempts + Retried);
        await EventuallyBetweenAsync(prometheus, $"{CallsOver5Seconds} - sum(email_delivery_slow_total)", 0, 0);
        await EventuallyBetweenAsync(prometheus, "histogram_quantile(0.99, sum by (le) (rate(email_delivery_duration_seconds_bucket[1h])))", 5, 30);
        await EventuallyBetweenAsync(prometheus, SuccessRate, 0.9, 1);
        // It waits for no time to pass.
        await EventuallyAsync(prometheus, "sum by (alertname) (ALERTS{alertname=\"EmailDeadLetters\",alertstate=\"firing\"})", ("alertname=EmailDeadLetters", 1));
        await AssertRulesWorkAsync(prometheus);
        var names = (await prometheus.GetAsync("/api/v1/label/__name__/values"))["data"]!.AsArray().Select(static name => name!.GetValue<string>()).Where(static name => name.StartsWith("email_", StringComparison.Ordinal));
        Assert.Empty(names.Select(static name => Suffix().Replace(name, "")).Except(MetricTests.Known.Select(static row => row.Data.Item1)));
    }

    private static async Task SendAsync(HttpClient client, string tenant, int count, int recipients = 1)
    {
        var to = string.Join(',', Enumerable.Range(0, recipients).Select(static number => $"\"r{number}@example.com\""));
        var message = $$"""{"tenant_id":"{{tenant}}","to":[{{to}}],"subject":"Hello","body":"Hello."}""";
        var answer = await client.MustAsync(HttpMethod.Post, "/api/v1/email/send/batch", $$"""{"messages":[{{string.Join(',', Enumerable.Repeat(message, count))}}]}""");
        Assert.All(answer!["results"]!.AsArray(), static result => Assert.Equal("queued", result!["status"]!.GetValue<string>()));
    }

    // Sums of money are binary fractions.
    private static Task EventuallyAsync(PrometheusServer prometheus, string query, params (string Labels, double Value)[] expected) => EventuallyAsync(
        prometheus,
        query,
        answer => answer.Count == expected.Length && expected.All(series => answer.TryGetValue(series.Labels, out var value) && Math.Abs(value - series.Value) < 1e-9),
        string.Join("; ", expected));

    // A rate is extrapolated from the scrapes that are in its range.
    private static Task EventuallyBetweenAsync(PrometheusServer prometheus, string query, double least, double most) => EventuallyAsync(
        prometheus,
        query,
        answer => answer.Count == 1 && answer.Values.Single() >= least && answer.Values.Single() <= most,
        string.Create(CultureInfo.InvariantCulture, $"from {least} to {most}"));

    // Each scrape shows what is, and one that fails, on a machine that is busy, hides all of it until the next. Where mail still goes its way, however
    // slowly, the answer changes, and the wait begins anew.
    private static async Task EventuallyAsync(PrometheusServer prometheus, string query, Func<IReadOnlyDictionary<string, double>, bool> isRight, string expected)
    {
        var (last, waiting) = ("", Stopwatch.StartNew());
        while (true)
        {
            var answer = await prometheus.QueryAsync(query);
            if (isRight(answer))
                return;
            var seen = string.Join("; ", answer);
            if (seen != last)
                (last, waiting) = (seen, Stopwatch.StartNew());
            Assert.True(waiting.Elapsed < Patience, $"{query} stayed {seen}, and should be {expected}.");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    private static async Task AssertRulesWorkAsync(PrometheusServer prometheus)
    {
        var rules = (await prometheus.GetAsync("/api/v1/rules"))["data"]!["groups"]!.AsArray().SelectMany(static group => group!["rules"]!.AsArray()).ToList();

        Assert.Equal(8, rules.Count);
        Assert.All(rules, static rule => Assert.Equal("ok", rule!["health"]!.GetValue<string>()));
    }

    [GeneratedRegex("_(bucket|count|sum)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Suffix();
}
