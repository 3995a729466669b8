using System.Text;
using EmailFunctions.Tests.Support;
using EmailFunctions.Wire;

namespace EmailFunctions.Tests.Wire;

/// <summary>A body whose files and texts are taken out while it arrives is read as if it had been read whole, whatever it holds and however it comes.</summary>
public sealed class ValueExtractorTests
{
    [Theory]
    [InlineData("""{"attachments":[{"filename":"a","content":"QUJD"},{"content":"QQ=="},{"content":""}],"subject":"s"}""")]
    [InlineData("""{"attachments":[{"content":"QQ="}]}""")]
    [InlineData("""{"attachments":[{"content":"QR=="}]}""")]
    [InlineData("""{"attachments":[{"content":"QQ==QQ=="}]}""")]
    [InlineData("""{"attachments":[{"content":"=QQ="}]}""")]
    [InlineData("""{"attachments":[{"content":"QQ===="}]}""")]
    [InlineData("""{"attachments":[{"content":" Q Q = = "}]}""")]
    [InlineData("""{"attachments":[{"content":"\tQU\r\nJD\n"}]}""")]
    [InlineData("""{"attachments":[{"content":"QU\/\u002BQ\u0051\u003d="}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD\b"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD\u00e4"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD\ud83d\ude00"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD\ud83d"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD\\QUJD"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD\"QUJD"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJDä"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD"}],"subject":7,"attachments":[]}""")]
    [InlineData("""{"attachments":[{"content":"~0"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD"},{"content":"~0"}]}""")]
    [InlineData("""{"attachments":[{"content":"~"}]}""")]
    [InlineData("""{"attachments":[{"content":null},{"content":7},{"content":{"content":"QUJD"}},{"content":["QUJD"]},{"content":true}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD","content":"QUJD"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD","cont\u0065nt":"QUJD"}]}""")]
    [InlineData("""{"\u0061ttachments":[{"\u0063\u006f\u006e\u0074\u0065\u006e\u0074":"QUJD"}]}""")]
    [InlineData("""{"attachments":[{"Content":"QUJD"}],"Attachments":[{"content":"QUJD"}]}""")]
    [InlineData("""{"attachments":[{"content\ud800":"QUJD"}]}""")]
    [InlineData("""{"attachments":{"content":"QUJD"}}""")]
    [InlineData("""{"attachments":[[{"content":"QUJD"}]]}""")]
    [InlineData("""{"attachments":["content","QUJD"],"content":"QUJD"}""")]
    [InlineData("""{"data":{"attachments":[{"content":"QUJD"}],"content":"~0"},"attachments":[{"content":"QUJD"}]}""")]
    [InlineData("""{"data":[{"content":"\\\"}]{["}],"subject":"\",\"attachments\":[{\"content\":","attachments":[{"content":"QUJD"}]}""")]
    [InlineData("""[{"attachments":[{"content":"QUJD"}]}]""")]
    [InlineData("""{"attachments":[{"content":"QUJD"}]}{"attachments":[{"content":"QUJD"}]}""")]
    [InlineData("""{"attachments":[{"content""QUJD"}]}""")]
    [InlineData("""{"attachments":[{"content":5 "QUJD"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD"]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD",}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJD"} {"content":"QUJD"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJDQUJDQUJD"},{"content":"QUJDQUJD"}],"subject":nope}""")]
    [InlineData("{\n\"attachments\":[{\"content\":\"QUJDQUJD\"},\n{\"content\":\"QUJDQUJD\"}, {\"content\":\"QUJDQUJDQUJD\"} x]}")]
    [InlineData("""{"attachments":[{"content":"QUJDQUJDQUJDQUJD""")]
    [InlineData("""{"attachments":[{"content":"QUJDQUJD"},{"content":"QUJDQUJD""")]
    [InlineData("""{"attachments":[{"content":"QUJDQUJDQUJDQUJD\""")]
    [InlineData("""{"attachments":[{"content":"QUJDQUJDQUJDQUJD\u00""")]
    [InlineData("""{"attachments":[{"content":"QUJDQUJDQUJDQUJD\x"}]}""")]
    [InlineData("""{"attachments":[{"content":"QUJDQUJD\/QUJD\u00zz"}]}""")]
    [InlineData("{\"attachments\":[{\"content\":\"QUJDQUJDQUJD\n\"}]}")]
    [InlineData("{\"attachments\":[{\"content\":\"QUJDQUJDQUJD\u0001\"}]}")]
    [InlineData("\uFEFF{\"attachments\":[{\"content\":\"QUJDQUJDQUJD\"}]}")]
    [InlineData("\uFEFF{\"attachments\":[{\"content\":\"QUJDQUJDQUJD\"} x]}")]
    [InlineData("\uFEFF{\"attachments\":[{\"content\":\"QUJDQUJDQUJD")]
    [InlineData("""{"body":"plain","html":"<p>ä\u00e4\ud83d\ude00😀\r\n\t\b\f\/\\\"</p>"}""")]
    [InlineData("""{"body":"","html":null}""")]
    [InlineData("""{"body":"~0"}""")]
    [InlineData("""{"body":"~","html":"~1"}""")]
    [InlineData("""{"body":"\u007e0","html":"\u007E"}""")]
    [InlineData("""{"body":"\u007f","html":"\u007"}""")]
    [InlineData("""{"body":"a\ud83d"}""")]
    [InlineData("""{"body":"\ud83d\ud83d\ude00"}""")]
    [InlineData("""{"body":"\ude00\ud83d"}""")]
    [InlineData("""{"body":"\ud83d😀"}""")]
    [InlineData("""{"body":"\ud83d\n\ude00"}""")]
    [InlineData("""{"body":"~\ud83d","html":"~\ude00","subject":7}""")]
    [InlineData("""{"body":"a\u0000b","html":"~\u0000"}""")]
    [InlineData("""{"body":"aaaaaaaaaaaaaaaaaaaa","body":"b"}""")]
    [InlineData("""{"body":"aaaaaaaaaaaaaaaaaaaa","b\u006fdy":"~0"}""")]
    [InlineData("""{"body":7,"html":["aaaaaaaaaaaaaaaaaaaa"],"data":{"body":"~0","html":"~0"}}""")]
    [InlineData("""{"attachments":[{"body":"~0","content":"QUJD"}],"body":"~0","html":"aaaaaaaaaaaaaaaaaaaaaa"}""")]
    [InlineData("""{"html":"aaaaaaaaaaaaaaaaaaaaaa","attachments":[{"content":"QUJD"},{"content":"QUI="}],"body":"bbbbbbbbbbbbbbbbbbbbbb"}""")]
    [InlineData("""{"body":"aaaaaaaaaaaaaaaaaaaaaa","subject":nope}""")]
    [InlineData("""{"body":"aaaaaaaaaaaaaaaaaaaaaa" x}""")]
    [InlineData("""{"body":"aaaaaaaaaaaaaaaaaaaaaa""")]
    [InlineData("""{"body":"aaaaaaaaaaaaaaaaaaaaaa\""")]
    [InlineData("""{"body":"aaaaaaaaaaaaaaaaaaaaaa\u12""")]
    [InlineData("""{"body":"aaaaaaaaaaaaaaaaaaaaaa\x"}""")]
    [InlineData("""{"body":"aaa\xaaaaaaaaaaaaaaaaaaaa"}""")]
    [InlineData("{\"body\":\"aaaaaaaaaaaaaaaaaaaa\n\"}")]
    [InlineData("{\"body\":\"a\naaaaaaaaaaaaaaaaaaaaaaaaaaa\"}")]
    [InlineData("")]
    [InlineData("}]}]\"")]
    [InlineData("{\"attachments\":[{\"content\":")]
    public void A_body_is_read_in_pieces_as_it_is_read_whole(string text)
    {
        var body = Encoding.UTF8.GetBytes(text);
        var list = Encoding.UTF8.GetBytes($$"""{"messages":[{"subject":"first"},{{text}},{"subject":"last"}]}""");

        for (var size = 1; size <= Math.Min(body.Length + 1, 12); size++)
        {
            foreach (var maxTextBytes in new[] { 0, 4, ValueExtractor.MaxTextBytes })
            {
                Assert.Equal(BodyReading.Whole(body), BodyReading.InPieces(body.Chunk(size), maxTextBytes));
                Assert.Equal(BodyReading.WholeList(list), BodyReading.ListInPieces(list.Chunk(size), maxTextBytes));
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(49_151)]
    [InlineData(49_152)]
    [InlineData(300_001)]
    public void A_file_of_any_length_is_read_whole(int length)
    {
        var file = new byte[length];
        new Random(length).NextBytes(file);
        var body = Encoding.UTF8.GetBytes($$"""{"attachments":[{"content":"{{Convert.ToBase64String(file)}}"},{"content":"{{Convert.ToBase64String(file, Base64FormattingOptions.InsertLineBreaks).Replace("\r\n", "\\n", StringComparison.Ordinal)}}"}]}""");

        var read = BodyReading.InPieces(body.Chunk(4_096));

        Assert.Equal($"- - - - -={Convert.ToHexString(file)},-={Convert.ToHexString(file)}", read);
    }

    // Bytes that are no UTF-8 in a text are a mistake of that text alone, however they come.
    [Theory]
    [InlineData(new byte[] { 0xC3 })]
    [InlineData(new byte[] { 0xC3, 0x28 })]
    [InlineData(new byte[] { 0xE2, 0x82 })]
    [InlineData(new byte[] { 0xE2, 0x28, 0xA1 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF0, 0x9F, 0x98 })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0xFF })]
    public void A_text_of_bytes_that_are_no_utf8_is_refused_as_when_it_is_read_whole(byte[] bytes)
    {
        foreach (var (before, after) in new[] { ("", ""), ("aaaaaaaa", "aaaaaaaa"), ("ä", "ä"), ("", "\\n"), ("\\ud83d", "\\ude00") })
        {
            byte[] body = [.. Encoding.UTF8.GetBytes("{\"body\":\"" + before), .. bytes, .. Encoding.UTF8.GetBytes(after + "\",\"html\":\"~ä\"}")];
            Assert.Equal("errors: body must be a string of valid Unicode", BodyReading.Whole(body));
            for (var size = 1; size <= 8; size++)
            {
                Assert.Equal(BodyReading.Whole(body), BodyReading.InPieces(body.Chunk(size), maxTextBytes: 0));
                Assert.Equal(BodyReading.Whole(body), BodyReading.InPieces(body.Chunk(size), maxTextBytes: 9));
                Assert.Equal(BodyReading.Whole(body), BodyReading.InPieces(body.Chunk(size)));
            }
        }
    }

    [Theory]
    [InlineData(ValueExtractor.MaxTextBytes - 1)]
    [InlineData(ValueExtractor.MaxTextBytes)]
    [InlineData(ValueExtractor.MaxTextBytes + 1)]
    [InlineData(16 * 1024)]
    [InlineData(300_000)]
    public void A_text_of_any_length_is_read_whole(int length)
    {
        foreach (var end in new[] { "x", "\\n", "\\u00e4", "ä", "😀", "\\ud83d\\ude00" })
        {
            var text = new string('x', length - Encoding.UTF8.GetByteCount(end)) + end;
            var body = Encoding.UTF8.GetBytes($$"""{"body":"{{text}}","html":"{{text}}","attachments":[{"content":"QUJD"}]}""");

            Assert.Equal(BodyReading.Whole(body), BodyReading.InPieces(body.Chunk(4_096)));
            Assert.Equal(BodyReading.Whole(body), BodyReading.InPieces([body]));
        }
    }

    // On this thread alone, since other tests allocate beside it: nothing is waited for.
    [Fact]
    public void Long_texts_are_read_in_pieces()
    {
        var piece = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("<p class=\\\"x\\\">Gr\\u00fc\\u00DFe aus Köln \\ud83c\\udf89 🎉</p>\\r\\n", 1_000)));
        Read(10);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Read(250);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(250 * piece.Length, 15_000_000, 26_000_000);
        Assert.InRange(allocated, 1, 1_000_000);

        void Read(int times) => BodyReading.InPieces([[.. "{\"body\":\""u8], .. Enumerable.Repeat(piece, times), [.. "\",\"html\":\""u8], .. Enumerable.Repeat(piece, times), [.. "\"}"u8]], tell: false);
    }

    // What is left is spooled then, too; a mistake behind it is found where it is.
    [Theory]
    [InlineData("}")]
    [InlineData(" x}")]
    public void A_long_text_beside_files_is_read_whole(string end)
    {
        var text = string.Concat(Enumerable.Repeat("ä \\n", 400_000));
        var body = Encoding.UTF8.GetBytes($$"""{"attachments":[{"content":"QUJD"}],"subject":"{{text}}","data":[{{end}}""".Replace("[}", "[]}", StringComparison.Ordinal));

        Assert.Equal(BodyReading.Whole(body), BodyReading.InPieces(body.Chunk(65_536)));
    }

    [Fact]
    public void Any_text_is_read_in_pieces_as_it_is_read_whole()
    {
        var random = new Random(Proof.Seed);
        var texts = new BodyTexts(random);
        var (good, all) = (0, Proof.Count(20_000, 2_000));
        for (var count = 0; count < all; count++)
        {
            var isList = count % 2 == 1;
            var body = isList ? texts.NextList() : texts.Next();
            var whole = isList ? BodyReading.WholeList(body) : BodyReading.Whole(body);
            good += whole.StartsWith("errors", StringComparison.Ordinal) ? 0 : 1;

            var pieces = Split(body, random);
            var maxTextBytes = random.Next(3) == 0 ? ValueExtractor.MaxTextBytes : random.Next(20);
            var read = isList ? BodyReading.ListInPieces(pieces, maxTextBytes) : BodyReading.InPieces(pieces, maxTextBytes);

            Assert.True(whole == read, $"Seed {Proof.Seed}, text {count}: {Encoding.UTF8.GetString(body)}\nwhole: {whole}\npieces: {read}");
        }

        // Neither all good nor all bad: both ways were tried.
        Assert.InRange(good, all / 10, all - (all / 10));
    }

    private static List<byte[]> Split(byte[] body, Random random)
    {
        var pieces = new List<byte[]>();
        var largest = random.Next(1, 40);
        for (var start = 0; start < body.Length;)
        {
            var end = Math.Min(body.Length, start + random.Next(0, largest + 1));
            pieces.Add(body[start..end]);
            start = end;
        }

        return pieces;
    }
}
