using EmailFunctions.Access;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Tenants;

namespace EmailFunctions.Tests.Tenants;

public sealed class TenantIdTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("Acme.Corp_2-x", true)]
    [InlineData("...", true)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("", false)]
    [InlineData("a/b", false)]
    [InlineData("a~b", false)]
    [InlineData("a b", false)]
    [InlineData("zoë", false)]
    [InlineData("a\0", false)]
    public void A_tenants_name_is_letters_digits_dots_underscores_and_dashes(string name, bool valid) =>
        Assert.Equal(valid, TenantId.TryParse(name, out _));

    [Fact]
    public void A_tenants_name_has_at_most_64_characters()
    {
        Assert.True(TenantId.TryParse(new string('t', 64), out _));
        Assert.False(TenantId.TryParse(new string('t', 65), out _));
    }

    [Fact]
    public void A_message_id_carries_its_tenant_and_is_read_back()
    {
        var id = MessageId.New(Parse("Acme.x"), DateTimeOffset.UnixEpoch);

        Assert.True(MessageId.TryParse(id.ToString(), out var read));
        Assert.Equal(id, read);
    }

    [Theory]
    [InlineData("acme")]
    [InlineData("acme~")]
    [InlineData("~0123456789abcdef0123456789abcdef")]
    [InlineData("acme~0123456789ABCDEF0123456789abcdef")]
    [InlineData("acme~0123456789abcdef0123456789abcde")]
    [InlineData("acme~0123456789abcdef0123456789abcdef0")]
    [InlineData("a~b~0123456789abcdef0123456789abcdef")]
    public void What_is_no_message_id_is_not_read_as_one(string text) => Assert.False(MessageId.TryParse(text, out _));

    [Fact]
    public void A_caller_acts_for_its_own_tenant_only_and_an_admin_for_all()
    {
        var (own, other) = (Parse("own"), Parse("other"));
        var caller = new Caller(own, IsAdmin: false);

        Assert.Equal(own, caller.Resolve(null));
        Assert.Equal(own, caller.Resolve(own));
        Assert.Equal(403, Assert.Throws<ProblemException>(() => caller.Resolve(other)).Problem.Status);
        Assert.Equal(403, Assert.Throws<ProblemException>(() => caller.Resolve(TenantId.System)).Problem.Status);
        Assert.Equal(TenantId.System, Caller.Desk.Resolve(null));
        Assert.Equal(other, Caller.Desk.Resolve(other));
        Assert.Equal(400, Assert.Throws<ProblemException>(() => Caller.Desk.RequireConfigurable("system")).Problem.Status);
    }

    private static TenantId Parse(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);
}
