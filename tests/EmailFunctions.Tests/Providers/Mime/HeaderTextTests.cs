using EmailFunctions.Messages;

namespace EmailFunctions.Tests.Providers.Mime;

/// <summary>Texts of header fields arrive as they were given, and never as lines of their own.</summary>
public sealed class HeaderTextTests
{
    /// <summary>Texts that a header could be broken with.</summary>
    public static TheoryData<string> Texts =>
    [
        "plain",
        "größe 🎉 例",
        "=?utf-8?b?DQpCY2M6IHhAZXZpbC5leGFtcGxlDQo=?=",
        "=?utf-8?q?=0D=0ABcc:_x@evil.example?=",
        "?==?utf-8?q? =?utf-8?q??=?utf-8?q?=?utf-8?q?ä",
        "=? not an encoded word ?=",
        "a=?",
        string.Concat(Enumerable.Repeat("=?utf-8?q?ä🎉?= ", 25)) + ".",
        new string('x', 490),
        string.Concat(Enumerable.Repeat("🎉", 240)),
        "a" + new string(' ', 99) + "b",
        "line\u2028separators\u2029within",
    ];

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_subject_a_header_and_a_tag_arrive_as_they_were_given(string text)
    {
        var bytes = MimeWire.Write(Emails.Small with
        {
            Subject = text,
            Headers = new Dictionary<string, string> { ["X-Custom"] = text },
            Tags = text.Length <= 128 ? [text] : [],
        });
        using var message = MimeWire.Read(bytes);
        Assert.Equal(text, message.Subject);
        Assert.Equal(text, message.Headers["X-Custom"]);
        Assert.Equal(text.Length <= 128 ? text : null, message.Headers["X-Tag"]);
        Assert.All(MimeWire.Lines(bytes), static line => Assert.InRange(line.Length, 0, 998));
    }

    [Theory]
    [MemberData(nameof(Texts))]
    [InlineData("a        b\r\n\t\"\\ ")]
    public void Metadata_arrive_as_they_were_given(string text)
    {
        var metadata = new Dictionary<string, string> { [text] = text, ["spaces"] = $"a{new string(' ', 3_000)}b", ["long"] = new string('x', 3_000) };
        var bytes = MimeWire.Write(Emails.Small with { Metadata = metadata });
        using var message = MimeWire.Read(bytes);
        Assert.Equal(metadata, System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string>>(message.Headers["X-Metadata"]!));
        Assert.All(MimeWire.Lines(bytes), static line => Assert.InRange(line.Length, 0, 998));
    }

    [Fact]
    public void A_link_in_a_header_stays_a_link_whatever_its_query_looks_like()
    {
        const string Link = "<https://acme.example/leave?to=?id=?>";
        var bytes = MimeWire.Write(Emails.Small with { Headers = new Dictionary<string, string> { ["List-Unsubscribe"] = Link } });
        Assert.Contains("List-Unsubscribe: " + Link, MimeWire.Lines(bytes));
    }

    [Fact]
    public void A_gap_that_no_line_has_room_for_becomes_a_single_space()
    {
        using var message = MimeWire.Send(Emails.Small with { Headers = new Dictionary<string, string> { ["X-Custom"] = $"a{new string(' ', 1_900)}b" } });
        Assert.Equal("a b", message.Headers["X-Custom"]);
    }

    [Fact]
    public void An_empty_header_stays_empty()
    {
        using var message = MimeWire.Send(Emails.Small with { Headers = new Dictionary<string, string> { ["X-Custom"] = "" } });
        Assert.Equal("", message.Headers["X-Custom"]);
    }
}
