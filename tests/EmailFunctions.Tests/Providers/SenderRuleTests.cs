using EmailFunctions.Providers;

namespace EmailFunctions.Tests.Providers;

/// <summary>From which domains mail may be.</summary>
public sealed class SenderRuleTests
{
    [Theory]
    [InlineData("example.com", "a@example.com", true)]
    [InlineData("example.com", "a@EXAMPLE.Com", true)]
    [InlineData("EXAMPLE.com", "a@example.com", true)]
    [InlineData("example.com", "a@sub.example.com", false)]
    [InlineData("example.com", "a@notexample.com", false)]
    [InlineData("example.com", "a@example.com.evil.example", false)]
    [InlineData("example.com", "a@example.co", false)]
    [InlineData("*.example.com", "a@sub.example.com", true)]
    [InlineData("*.example.com", "a@a.b.Example.com", true)]
    [InlineData("*.example.com", "a@example.com", false)]
    [InlineData("*.example.com", "a@notexample.com", false)]
    [InlineData("b.example,example.com,*.c.example", "a@x.c.example", true)]
    [InlineData("bücher.example", "a@xn--bcher-kva.example", true)]
    [InlineData("xn--bcher-kva.example", "a@bücher.example", true)]
    [InlineData("*.XN--BCHER-KVA.example", "a@shop.bücher.example", true)]
    [InlineData("bücher.example", "a@bucher.example", false)]
    [InlineData("example.com", "a@еxample.com", false)] // A Cyrillic letter.
    [InlineData("localhost", "a@localhost", true)]
    [InlineData("example.com", "example.com", true)]
    [InlineData("example.com", "a@", false)]
    [InlineData("example.com", "a@b@example.com", false)]
    public void A_sender_is_compared_by_its_domain(string domains, string address, bool isAllowed) =>
        Assert.Equal(isAllowed, SenderRule.OfTenant(domains.Split(',')).Allows(address));

    [Fact]
    public void A_rule_without_a_domain_that_can_be_read_allows_nobody()
    {
        Assert.False(SenderRule.OfTenant([]).Allows("a@example.com"));
        Assert.False(SenderRule.OfTenant(["*", ""]).Allows("a@example.com"));
    }

    [Fact]
    public void Rules_that_say_the_same_are_equal()
    {
        Assert.Equal(SenderRule.OfTenant(["Example.com", "*.bücher.example"]), SenderRule.OfTenant(["example.com", "*.xn--bcher-kva.example"]));
        Assert.NotEqual(SenderRule.OfTenant(["example.com"]), SenderRule.OfTenant(["*.example.com"]));
        Assert.NotEqual(SenderRule.OfTenant(["example.com"]), SenderRule.OfSystem("a@example.com"));
    }

    [Fact]
    public void The_systems_rule_names_the_setting_that_decides()
    {
        var rule = SenderRule.OfSystem("no-reply@mail.Example.com");

        Assert.Equal((true, false), (rule.Allows("other@mail.example.com"), rule.Allows("other@example.com")));
        Assert.Contains("EMAIL_FROM_EMAIL", rule.Requirement, StringComparison.Ordinal);
    }
}
