using EmailFunctions.Providers;

namespace EmailFunctions.Tests.Providers;

/// <summary>What is kept of a provider's answer must name nobody, break no line and fit into its column.</summary>
public sealed class ProviderAnswerTests
{
    private const int MaxLength = 300;

    /// <summary>Answers that quote an address, and what must be gone from them.</summary>
    public static TheoryData<string, string> Addresses => new()
    {
        { "550 5.1.1 jane.doe@example.com unknown", "jane" },
        { "550 5.1.1 <jane.doe@example.com>: unknown", "jane" },
        { "550 <jane.doe@example.com>... user unknown", "jane" },
        { "550 'jane.doe@example.com' unknown", "jane" },
        { "550 \"jane.doe@example.com\" unknown", "jane" },
        { "550 (jane.doe@example.com) unknown", "jane" },
        { "550 mailto:jane.doe@example.com, unknown", "jane" },
        { "550 Final-Recipient: rfc822;jane.doe@example.com", "jane" },
        { "550 jane+shop@example.com unknown", "jane" },
        { "550 o'hara@example.com unknown", "hara" },
        { "550 jane&joe!x=y@example.com unknown", "jane" },
        { "550 \"jane doe\"@example.com unknown", "jane" },
        { "550 \"jane\\\"doe\"@example.com unknown", "jane" },
        { "550 jane@[192.0.2.7] unknown", "192" },
        { "550 jane@[IPv6:2001:db8::7] unknown", "2001" },
        { "550 jane@localhost unknown", "jane" },
        { "550 jürgen@bücher.example unknown", "ürgen" },
        { "550 用户@例子.广告 unknown", "用户" },
        { "550 jane@xn--bcher-kva.example unknown", "bcher" },
        { "550 bounce+jane=example.com@list.example unknown", "jane" },
        { "550 jane%example.com@relay.example unknown", "jane" },
        { "550 <@relay.example:jane@example.com> unknown", "jane" },
        { "550 see https://example.com/why?rcpt=jane%40example.com now", "jane" },
        { "550 jane＠example.com unknown", "jane" },
        { "550 a@example.com,jane@example.org;joe@example.net unknown", "jane" },
        { "550 jane@ unknown", "jane" },
        { "550-5.1.1 first line\n550 jane@example.com", "jane" },
    };

    [Theory]
    [MemberData(nameof(Addresses))]
    public void An_address_is_removed_whole_and_the_code_stays(string answer, string secret)
    {
        var clean = ProviderAnswer.Clean(answer);
        Assert.DoesNotContain(secret, clean, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@", clean, StringComparison.Ordinal);
        Assert.StartsWith("550", clean, StringComparison.Ordinal);
        Assert.Contains("<address>", clean, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_as_long_as_can_be_is_removed_whole()
    {
        var local = new string('j', 1_000);
        Assert.Equal("550 <address> unknown", ProviderAnswer.Clean($"550 {local}@{new string('d', 1_000)}.example unknown"));
    }

    [Theory]
    [InlineData("250 2.0.0 Ok: queued as 4ZxY1", "250 2.0.0 Ok: queued as 4ZxY1")]
    [InlineData("  450 4.7.1 try later  ", "450 4.7.1 try later")]
    [InlineData("", "")]
    [InlineData(null, null)]
    public void An_answer_without_addresses_stays_as_it_is(string? answer, string? clean) =>
        Assert.Equal(clean, ProviderAnswer.Clean(answer));

    [Fact]
    public void Control_characters_and_line_ends_become_single_spaces() =>
        Assert.Equal("550 a b c d e f", ProviderAnswer.Clean("550\r\na\0\tb\u001B\u0085c\u2028d\u2029e\u007Ff"));

    [Theory]
    [InlineData(299)]
    [InlineData(300)]
    public void An_answer_that_fits_is_not_cut(int length) =>
        Assert.Equal(new string('x', length), ProviderAnswer.Clean(new string('x', length)));

    [Theory]
    [InlineData(301)]
    [InlineData(100_000)]
    public void An_answer_that_is_too_long_is_cut_and_says_so(int length) =>
        Assert.Equal(new string('x', MaxLength - 1) + "…", ProviderAnswer.Clean(new string('x', length)));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_cut_never_halves_a_character(int shift)
    {
        var clean = ProviderAnswer.Clean(new string('x', shift) + string.Concat(Enumerable.Repeat("🎉", 200)));
        Assert.InRange(clean.Length, MaxLength - 2, MaxLength);
        Assert.DoesNotContain('\uFFFD', string.Concat(clean.EnumerateRunes().Select(static rune => rune.ToString())));
    }

    [Fact]
    public void An_address_across_the_cut_is_gone_too()
    {
        var clean = ProviderAnswer.Clean(new string('x', MaxLength - 10) + " jane.doe@example.com");
        Assert.DoesNotContain("jane", clean, StringComparison.Ordinal);
    }

    [Fact]
    public void A_huge_answer_full_of_addresses_is_cleaned_in_a_moment()
    {
        var clean = ProviderAnswer.Clean(string.Concat(Enumerable.Repeat("jane.doe@example.com ", 50_000)) + new string('"', 100_000));
        Assert.DoesNotContain("jane", clean, StringComparison.Ordinal);
    }
}
