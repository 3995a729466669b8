using System.Buffers.Binary;
using System.Text.Json;
using EmailFunctions.Messages;

namespace EmailFunctions.Tests.Messages;

/// <summary>A long text is written in pieces, to the same bytes as in one.</summary>
public sealed class LongTextTests
{
    [Theory]
    [InlineData("<p>a\r\n\"b\" & 'c' + ü 日本 🎉\\</p>", 1)]
    [InlineData("<p>a\r\n\"b\" & 'c' + ü 日本 🎉\\</p>", 1_000)]
    [InlineData("🎉", 4_096)]
    [InlineData("🎉", 4_097)]
    [InlineData("x🎉", 20_000)]
    [InlineData("x", 8_192)]
    [InlineData("x", 8_193)]
    [InlineData("x", 100_000)]
    public void Its_bytes_are_those_of_the_serialiser(string piece, int times)
    {
        var text = string.Concat(Enumerable.Repeat(piece, times));

        var encoded = ContentCodec.Encode(new EmailContent { To = ["r@example.com"], Subject = "s", Text = text, Html = text }).ToArray();

        var head = encoded[4..];
        Assert.Equal(head.Length, BinaryPrimitives.ReadInt32BigEndian(encoded));
        var written = JsonDocument.Parse(head).RootElement;
        Assert.Equal(JsonSerializer.Serialize(text), written.GetProperty("text").GetRawText());
        Assert.Equal(JsonSerializer.Serialize(text), written.GetProperty("html").GetRawText());
        Assert.Equal(text, ContentCodec.Decode(encoded).Html);
    }

    // A client's text is valid Unicode, but a piece's end must not make it otherwise.
    [Fact]
    public void A_pair_of_surrogates_at_the_end_of_a_piece_stays_whole()
    {
        for (var before = 8_188; before <= 8_193; before++)
        {
            var text = new string('x', before) + "🎉" + new string('y', 9_000);

            Assert.Equal(text, ContentCodec.Decode(ContentCodec.Encode(new EmailContent { To = ["r@example.com"], Subject = "s", Text = text }).ToArray()).Text);
        }
    }
}
