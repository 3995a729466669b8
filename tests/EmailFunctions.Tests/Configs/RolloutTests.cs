using EmailFunctions.Configs;
using EmailFunctions.Tenants;

namespace EmailFunctions.Tests.Configs;

public sealed class RolloutTests
{
    private static readonly TenantId[] Tenants = [.. Enumerable.Range(0, 10_000).Select(static number => Tenant($"tenant-{number}"))];

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 60, 140)]
    [InlineData(10, 850, 1_150)]
    [InlineData(50, 4_750, 5_250)]
    [InlineData(100, 10_000, 10_000)]
    public void A_percentage_takes_about_that_share_of_the_tenants(int percent, int least, int most)
    {
        Assert.InRange(Tenants.Count(tenant => Of(percent).Includes(tenant, own: null)), least, most);
    }

    [Fact]
    public void Who_is_in_stays_in_while_the_percentage_grows()
    {
        foreach (var tenant in Tenants.Take(500))
        {
            var isIn = Enumerable.Range(0, 101).Select(percent => Of(percent).Includes(tenant, own: null)).ToList();
            Assert.Equal(isIn.Order(), isIn);
        }
    }

    // What was rolled out must not change with a new version: these were written down once.
    [Theory]
    [InlineData("acme", "RATE_LIMITING", 17)]
    [InlineData("acme", "USAGE_LOGGING", 9)]
    [InlineData("tenant-1", "RATE_LIMITING", 32)]
    public void A_tenant_has_its_place_for_ever(string name, string feature, int place)
    {
        Assert.False(new Rollout(feature, Enabled: true, place).Includes(Tenant(name), own: null));
        Assert.True(new Rollout(feature, Enabled: true, place + 1).Includes(Tenant(name), own: null));
    }

    [Fact]
    public void Two_features_do_not_begin_with_the_same_tenants()
    {
        var both = Tenants.Count(static tenant => Of(10).Includes(tenant, own: null) && new Rollout("other", Enabled: true, 10).Includes(tenant, own: null));

        Assert.InRange(both, 50, 160);
    }

    [Fact]
    public void A_tenants_own_word_counts_more_than_the_percentage()
    {
        Assert.All(Tenants.Take(100), static tenant => Assert.True(Of(0).Includes(tenant, own: true)));
        Assert.All(Tenants.Take(100), static tenant => Assert.False(Of(100).Includes(tenant, own: false)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    [InlineData(false)]
    public void What_the_deployment_switches_off_nobody_has(bool? own)
    {
        Assert.All(Tenants.Take(100), tenant => Assert.False(new Rollout("feature", Enabled: false, 100).Includes(tenant, own)));
    }

    private static Rollout Of(int percent) => new("feature", Enabled: true, percent);

    private static TenantId Tenant(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);
}
