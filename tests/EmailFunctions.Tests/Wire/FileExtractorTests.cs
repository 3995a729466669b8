using System.Text;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Wire;

/// <summary>A body whose files are taken out while it arrives is read as if it had been read whole, whatever it holds and however it comes.</summary>
public sealed class FileExtractorTests
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
    [InlineData("")]
    [InlineData("}]}]\"")]
    [InlineData("{\"attachments\":[{\"content\":")]
    public void A_body_is_read_in_pieces_as_it_is_read_whole(string text)
    {
        var body = Encoding.UTF8.GetBytes(text);
        var list = Encoding.UTF8.GetBytes($$"""{"messages":[{"subject":"first"},{{text}},{"subject":"last"}]}""");

        for (var size = 1; size <= Math.Min(body.Length + 1, 12); size++)
        {
            Assert.Equal(FileReading.Whole(body), FileReading.InPieces(body.Chunk(size)));
            Assert.Equal(FileReading.WholeList(list), FileReading.ListInPieces(list.Chunk(size)));
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

        var read = FileReading.InPieces(body.Chunk(4_096));

        Assert.Equal($"- - -={Convert.ToHexString(file)},-={Convert.ToHexString(file)}", read);
    }

    // The text is spooled then, too; a mistake behind it is found where it is.
    [Theory]
    [InlineData("}")]
    [InlineData(" x}")]
    public void A_long_text_beside_files_is_read_whole(string end)
    {
        var text = string.Concat(Enumerable.Repeat("ä \\n", 400_000));
        var body = Encoding.UTF8.GetBytes($$"""{"attachments":[{"content":"QUJD"}],"subject":"{{text}}","data":[{{end}}""".Replace("[}", "[]}", StringComparison.Ordinal));

        Assert.Equal(FileReading.Whole(body), FileReading.InPieces(body.Chunk(65_536)));
    }

    [Fact]
    public void Any_text_is_read_in_pieces_as_it_is_read_whole()
    {
        var random = new Random(Proof.Seed);
        var texts = new FileTexts(random);
        var (good, all) = (0, Proof.Count(20_000, 2_000));
        for (var count = 0; count < all; count++)
        {
            var isList = count % 2 == 1;
            var body = isList ? texts.NextList() : texts.Next();
            var whole = isList ? FileReading.WholeList(body) : FileReading.Whole(body);
            good += whole.StartsWith("errors", StringComparison.Ordinal) ? 0 : 1;

            var pieces = Split(body, random);
            var read = isList ? FileReading.ListInPieces(pieces) : FileReading.InPieces(pieces);

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
