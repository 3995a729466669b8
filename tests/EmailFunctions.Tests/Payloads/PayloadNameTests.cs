using EmailFunctions.Payloads;

namespace EmailFunctions.Tests.Payloads;

public sealed class PayloadNameTests
{
    public static TheoryData<string> Tricks =>
    [
        "", ".", "..", "...", "../a", "a/../../b", "..\\a", "/a", "/etc/passwd", "\\\\server\\share", "C:\\a", "C:a", "a/b", "a\\b", "a/", "./a",
        "~", "~/a", "%2e%2e", "%2Fa", "a b", " a", "a ", "a:b", "a?b", "a#b", "a*", "a\"b", "a<b", "a|b", "a&b", "a\nb", "-rf", "_a", ".hidden",
        "ä", "а", "\uFF0Fa", "a\uFF0E\uFF0E", "\u2025", "a\u202Eb", "a;b", "$HOME", "`a`",
    ];

    [Theory]
    [MemberData(nameof(Tricks))]
    public void A_name_that_a_path_or_URL_could_read_as_more_is_refused_in_both_parts(string part)
    {
        Assert.Throws<ArgumentException>(() => new PayloadName(part, "a"));
        Assert.Throws<ArgumentException>(() => new PayloadName("a", part));
    }

    [Fact]
    public void A_NUL_is_refused_in_both_parts()
    {
        Assert.Throws<ArgumentException>(() => new PayloadName("a\0", "a"));
        Assert.Throws<ArgumentException>(() => new PayloadName("a", "a\0b"));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("7")]
    [InlineData("Z.")]
    [InlineData("t-acme")]
    [InlineData("a..b")]
    [InlineData("0._-")]
    public void A_plain_name_is_allowed_in_both_parts(string part)
    {
        var name = new PayloadName(part, part);

        Assert.Equal((part, part), (name.Owner, name.Id));
    }

    [Fact]
    public void A_part_has_80_characters_and_no_more()
    {
        var longest = new string('a', 80);
        Assert.Equal(longest, new PayloadName(longest, longest).Id);

        Assert.Throws<ArgumentException>(() => new PayloadName(longest + "a", "a"));
        Assert.Throws<ArgumentException>(() => new PayloadName("a", longest + "a"));
    }
}
