using System.Buffers.Binary;
using System.Text.Json;
using EmailFunctions.Messages;
using EmailFunctions.Spooling;
using EmailFunctions.Tests.Support;
using EmailFunctions.Wire;

namespace EmailFunctions.Tests.Messages;

/// <summary>A text in a spool is stored in the very bytes in which one in memory is, and read from them into a spool.</summary>
public sealed class LongTextTests : IDisposable
{
    private readonly Texts _texts = new();
    private readonly Spools _spools = Spools.InTemporaryFolder();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _texts.Dispose();

    [Theory]
    [InlineData("<p>a\r\n\"b\" & 'c' + ü 日本 🎉\\</p>", 1)]
    [InlineData("<p>a\r\n\"b\" & 'c' + ü 日本 🎉\\</p>", 1_000)]
    [InlineData("\"text\":\"\",\"html\":\"", 1_000)]
    [InlineData("\u0000\u0001\u001f\u007f\u0080\uFEFF\uFFFD\uFFFF", 100)]
    [InlineData("🎉", 4_096)]
    [InlineData("x🎉", 20_000)]
    [InlineData("~0", 1)]
    [InlineData("", 1)]
    [InlineData("x", 100_000)]
    public async Task Its_bytes_are_those_of_the_serialiser(string piece, int times)
    {
        var text = string.Concat(Enumerable.Repeat(piece, times));

        var encoded = ContentCodec.Encode(Content(_texts.Spooled(text), _texts.Spooled(text))).ToArray();

        var head = encoded[4..^3];
        Assert.Equal(head.Length, BinaryPrimitives.ReadInt32BigEndian(encoded));
        var written = JsonDocument.Parse(head).RootElement;
        Assert.Equal(JsonSerializer.Serialize(text), written.GetProperty("text").GetRawText());
        Assert.Equal(JsonSerializer.Serialize(text), written.GetProperty("html").GetRawText());
        Assert.Equal(ContentCodec.Encode(Content(text, text)).ToArray(), encoded);
        await AssertReadAsync(encoded, text, text);
    }

    [Fact]
    public async Task Any_texts_are_stored_as_if_they_were_in_memory_and_read_back()
    {
        var random = new Random(Proof.Seed);
        for (var count = 0; count < Proof.Count(200, 30); count++)
        {
            var (text, html) = (Next(random), Next(random));
            var inMemory = ContentCodec.Encode(Content(text, html)).ToArray();
            var content = Content(random.Next(3) == 0 ? text : Spooled(text), random.Next(3) == 0 ? html : Spooled(html));

            Assert.True(inMemory.AsSpan().SequenceEqual(ContentCodec.Encode(content).ToArray()), $"Seed {Proof.Seed}, texts {count}");
            await AssertReadAsync(inMemory, text, html);
        }
    }

    // What an earlier version has stored is read as what this one stores: the bytes are the same.
    [Theory]
    [InlineData(ValueExtractor.MaxTextBytes - 1, false)]
    [InlineData(ValueExtractor.MaxTextBytes, false)]
    [InlineData(ValueExtractor.MaxTextBytes + 1, true)]
    public async Task A_text_is_read_into_the_spool_from_a_length_on(int length, bool isSpooled)
    {
        var text = new string('x', length);
        using var spool = _spools.Create();

        var content = await ContentCodec.DecodeAsync(new MemoryStream(ContentCodec.Encode(Content(text, "short")).ToArray()), spool, Cancellation);

        Assert.Equal((isSpooled, true), (content.Text!.Spooled is not null, content.Html!.InMemory is not null));
        Assert.Equal(text, Texts.Read(content.Text));
    }

    [Fact]
    public async Task The_head_is_read_without_the_texts()
    {
        using var spool = _spools.Create();
        var text = new string('x', 200_000);

        var content = await ContentCodec.DecodeHeadAsync(new MemoryStream(ContentCodec.Encode(Content(text, text)).ToArray()), spool, Cancellation);

        Assert.Equal(["r@example.com"], content.Recipients);
        Assert.Null(content.Text ?? content.Html);
        Assert.Empty(content.Attachments);
    }

    // On this thread alone, since other tests allocate beside it: nothing is waited for.
    [Fact]
    public void Long_texts_are_written_and_read_in_pieces()
    {
        const int allowed = 2_000_000;
        var text = _texts.Spooled(string.Concat(Enumerable.Repeat("<p>Grüße aus \"Köln\" 🎉</p>\r\n", 400_000)));
        Assert.InRange(text.Bytes, 12_000_000, 20_000_000);
        using var target = new MemoryStream(200_000_000);
        using var spool = _spools.Create();
        RoundTrip("warm up", target);

        var allocated = RoundTrip(text, target);

        Assert.InRange(target.Length, 2 * text.Bytes, 200_000_000);
        Assert.InRange(allocated, 1, allowed);
    }

    private long RoundTrip(SpoolText text, MemoryStream target)
    {
        using var spool = _spools.Create();
        target.SetLength(0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        ContentCodec.Encode(Content(text, text)).CopyToAsync(target, Cancellation).GetAwaiter().GetResult();
        target.Position = 0;
        var decoding = ContentCodec.DecodeAsync(target, spool, Cancellation);
        Assert.True(decoding.IsCompletedSuccessfully);
        var content = decoding.GetAwaiter().GetResult();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal((text.Bytes, text.Bytes), (content.Text!.Bytes, content.Html!.Bytes));
        return allocated;
    }

    private SpoolText? Spooled(string? text) => text is null ? null : _texts.Spooled(text);

    private async Task AssertReadAsync(byte[] encoded, string? text, string? html)
    {
        using var spool = _spools.Create();
        var content = await ContentCodec.DecodeAsync(new MemoryStream(encoded), spool, Cancellation);
        Assert.True(text == Texts.Read(content.Text) && html == Texts.Read(content.Html), $"Seed {Proof.Seed}");
        Assert.Equal([7, 8, 9], Assert.Single(content.Attachments).Content.ToArray());
        var ofMemory = ContentCodec.Decode(encoded);
        Assert.True(text == Texts.Read(ofMemory.Text) && html == Texts.Read(ofMemory.Html), $"Seed {Proof.Seed}");
    }

    private static string? Next(Random random) => random.Next(8) switch
    {
        0 => null,
        1 => "~" + random.Next(3),
        2 => new string('<', ValueExtractor.MaxTextBytes / 6 + random.Next(-1, 2)),
        3 => new string('x', ValueExtractor.MaxTextBytes + random.Next(-1, 2)),
        _ => Texts.Random(random, random.Next(100_000)),
    };

    private static EmailContent Content(SpoolText? text, SpoolText? html) => new()
    {
        To = ["r@example.com"],
        Subject = "\"text\":\"\" and \"html\":\"\"",
        Text = text,
        Html = html,
        Headers = new Dictionary<string, string> { ["text"] = "", ["html"] = "" },
        Metadata = new Dictionary<string, string> { ["text"] = "", ["html"] = "" },
        Attachments = [new("a", "text/plain", null, FileContent.Of(new byte[] { 7, 8, 9 }))],
    };
}
