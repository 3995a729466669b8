using System.Net;
using EmailFunctions.Configs;
using EmailFunctions.Limits;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Configs;

public sealed class TenantPolicyTests
{
    [Fact]
    public async Task A_tenant_without_a_configuration_has_the_deployments_defaults()
    {
        await using var bench = new DeliveryBench();

        var policy = await ReadAsync(bench, DeliveryBench.Tenant);

        Assert.Equal(
            new TenantPolicy(ProviderType.File, new LimitRules(60, 0, 0, 0), 0, RejectsOverQuota: false, HoldsUnknown: false, LogsUsage: true, LogsAudit: true)
            {
                Messages = new MessageRules(Senders: null, "no-reply@localhost", 100, 26_214_400),
            },
            policy);
    }

    [Fact]
    public async Task The_system_has_the_default_limit_too()
    {
        await using var bench = NewBench(("EMAIL_RATE_LIMIT_PER_MINUTE", "7"));

        Assert.Equal(new LimitRules(7, 0, 0, 0), (await ReadAsync(bench, TenantId.System)).Limits);
    }

    [Fact]
    public async Task A_configuration_says_otherwise_field_by_field()
    {
        await using var bench = new DeliveryBench();
        await ConfigureAsync(bench, """
            "rate_limit_per_hour":100,"daily_quota":1000,"monthly_budget_usd":5.5,"cost_per_email_usd":0.002,"over_quota":"reject","on_unknown":"hold",
            "usage_logging_enabled":false,"audit_logging_enabled":false,
            "allowed_from_domains":["EXAMPLE.com"],"max_recipients_per_message":7,"max_message_bytes":8000
            """);

        var policy = await ReadAsync(bench, DeliveryBench.Tenant);

        Assert.Equal(
            new TenantPolicy(ProviderType.File, new LimitRules(60, 100, 1_000, 5.5m), 0.002m, RejectsOverQuota: true, HoldsUnknown: true, LogsUsage: false, LogsAudit: false)
            {
                Messages = new MessageRules(SenderRule.OfTenant(["example.com"]), "a@example.com", 7, 8_000),
            },
            policy);
    }

    [Fact]
    public async Task Zero_is_no_limit_and_not_the_default()
    {
        await using var bench = new DeliveryBench();
        await ConfigureAsync(bench, "\"rate_limit_per_minute\":0");

        Assert.False((await ReadAsync(bench, DeliveryBench.Tenant)).Limits.HasAny);
    }

    [Fact]
    public async Task Limits_hold_while_a_configuration_is_inactive()
    {
        await using var bench = new DeliveryBench();
        await ConfigureAsync(bench, "\"is_active\":false,\"rate_limit_per_minute\":3,\"on_unknown\":\"hold\",\"cost_per_email_usd\":0.5");

        var policy = await ReadAsync(bench, DeliveryBench.Tenant);

        Assert.Equal((3, true), (policy.Limits.PerMinute, policy.HoldsUnknown));
        // The system's provider sends, for its price.
        Assert.Equal(0, policy.CostPerRecipientUsd);
    }

    [Theory]
    [InlineData("\"rate_limiting_enabled\":false", 60)]
    [InlineData("\"rate_limit_per_minute\":0", 60)]
    [InlineData("\"rate_limit_per_minute\":1000", 60)]
    [InlineData("\"rate_limit_per_minute\":3", 3)]
    public async Task Through_the_system_default_a_tenant_can_only_bound_itself_further(string fields, int perMinute)
    {
        await using var bench = new DeliveryBench();
        await ConfigureAsync(bench, "\"is_active\":false," + fields);

        Assert.Equal(perMinute, (await ReadAsync(bench, DeliveryBench.Tenant)).Limits.PerMinute);
    }

    [Fact]
    public async Task The_services_own_AWS_credentials_go_to_no_endpoint_of_a_tenants()
    {
        await using var bench = NewBench(("EMAIL_AWS_DEFAULT_CREDENTIALS", "true"));
        const string Fields = """{"provider_type":"aws_ses","aws_region":"eu-west-1","from_email":"a@example.com","api_endpoint":"https://api.example.com"%KEYS%}""";

        using var own = await bench.Client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/configs/acme", Fields.Replace("%KEYS%", "", StringComparison.Ordinal));
        using var tenants = await bench.Client.SendJsonAsync(
            HttpMethod.Post, "/api/v1/email/configs/acme", Fields.Replace("%KEYS%", ",\"aws_access_key\":\"AKIDEXAMPLE\",\"aws_secret_key\":\"secret\"", StringComparison.Ordinal));

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Created), (own.StatusCode, tenants.StatusCode));
        Assert.Contains("\"api_endpoint\":[\"needs aws_access_key", await own.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenant_may_do_without_limits()
    {
        await using var bench = new DeliveryBench();
        await ConfigureAsync(bench, "\"rate_limit_per_minute\":3,\"daily_quota\":3,\"rate_limiting_enabled\":false");

        Assert.Equal(LimitRules.None, (await ReadAsync(bench, DeliveryBench.Tenant)).Limits);
    }

    [Fact]
    public async Task What_the_deployment_switches_off_a_tenant_can_not_switch_on()
    {
        await using var bench = NewBench(("EMAIL_RATE_LIMITING_ENABLED", "false"), ("EMAIL_USAGE_LOGGING_ENABLED", "false"), ("EMAIL_AUDIT_LOGGING_ENABLED", "false"));
        await ConfigureAsync(bench, "\"rate_limit_per_minute\":3,\"rate_limiting_enabled\":true,\"usage_logging_enabled\":true,\"audit_logging_enabled\":true");

        var policy = await ReadAsync(bench, DeliveryBench.Tenant);

        Assert.Equal((false, false, false), (policy.Limits.HasAny, policy.LogsUsage, policy.LogsAudit));
    }

    [Fact]
    public async Task At_no_percent_only_those_have_it_who_ask_for_it()
    {
        await using var bench = NewBench(("EMAIL_RATE_LIMITING_PERCENT", "0"), ("EMAIL_USAGE_LOGGING_PERCENT", "0"), ("EMAIL_AUDIT_LOGGING_PERCENT", "0"));
        await ConfigureAsync(bench, "\"rate_limiting_enabled\":true,\"usage_logging_enabled\":true");

        var asking = await ReadAsync(bench, DeliveryBench.Tenant);
        var silent = await ReadAsync(bench, TenantId.System);

        Assert.Equal((true, true, false), (asking.Limits.HasAny, asking.LogsUsage, asking.LogsAudit));
        Assert.Equal((false, false, false), (silent.Limits.HasAny, silent.LogsUsage, silent.LogsAudit));
    }

    [Fact]
    public async Task Without_logging_a_sent_message_leaves_neither_usage_nor_audit()
    {
        await using var bench = NewBench(("EMAIL_USAGE_LOGGING_ENABLED", "false"), ("EMAIL_AUDIT_LOGGING_PERCENT", "0"));

        await bench.DispatchAsync(await bench.AcceptAsync());

        Assert.Single(bench.Provider.Given);
        Assert.Empty(await bench.RowsAsync("usage-"));
        Assert.Empty(await bench.RowsAsync("audit-"));
    }

    private static DeliveryBench NewBench(params (string Name, string Value)[] settings) => new(settings.ToDictionary(static pair => pair.Name, static pair => pair.Value));

    private static Task ConfigureAsync(DeliveryBench bench, string fields) =>
        bench.Client.ConfigureAsync("acme", $$"""{"provider_type":"file","from_email":"a@example.com",{{fields}}}""");

    private static ValueTask<TenantPolicy> ReadAsync(DeliveryBench bench, TenantId tenant) =>
        bench.Get<ITenantPolicies>().GetAsync(tenant, fresh: false, TestContext.Current.CancellationToken);
}
