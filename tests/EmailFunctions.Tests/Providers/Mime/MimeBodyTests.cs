using System.Text;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Providers.Smtp;
using EmailFunctions.Tests.Support;
using MimeKit;

namespace EmailFunctions.Tests.Providers.Mime;

/// <summary>Bodies that could break the protocol they travel in: they arrive as they were given, line ends apart.</summary>
public sealed class MimeBodyTests
{
    private const int MaxLine = 998;

    /// <summary>Texts by what is odd about them.</summary>
    public static TheoryData<string, string> Texts => new()
    {
        { "lines longer than 998", new string('x', 5_000) + "\r\n" + new string('y', 999) + "\r\n" },
        { "a long line of words", string.Join(' ', Enumerable.Repeat("word", 1_000)) },
        { "a long line outside ASCII", string.Concat(Enumerable.Repeat("größe🎉", 500)) },
        { "bare line feeds", "a\nb\n\nc\n" },
        { "bare carriage returns", "a\rb\r\rc\r" },
        { "line ends of all kinds", "a\r\nb\nc\rd\n\re\r\r\nf" },
        { "dots at line starts", ".\r\n..\r\n.x\r\n...\r\n.\r\n" },
        { "the end of a message", "a\r\n.\r\nMAIL FROM:<x@example.com>\r\nRCPT TO:<y@example.com>\r\nDATA\r\n" },
        { "the end of a message with bare line feeds", "a\n.\nMAIL FROM:<x@example.com>\n.\n" },
        { "the end of a message with bare carriage returns", "a\r.\rMAIL FROM:<x@example.com>\r.\r" },
        { "the end of a message with mixed line ends", "a\r\n.\nMAIL FROM:<x@example.com>\n.\r\nb\r.\r\nc" },
        { "a line that looks like a header", "Subject: other\r\nBcc: x@example.com\r\n\r\nbody" },
        { "a line that looks like the mailbox format", "From x@example.com\r\nFrom here\r\n" },
        { "a line that looks like a boundary", "--x\r\n--=-\r\n--\r\n" },
        { "white space at line ends", "a \r\nb\t\r\n \r\n\t\r\n" },
        { "no line end", "a" },
        { "only a line end", "\r\n" },
        { "characters that are not shown", "a\u0001\u001B[31m\u007F\u0085\u200B\uFEFF\u2028b" },
        { "a byte order mark first", "\uFEFFa" },
        { "a soft end of line", "a=\r\nb=3D=" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task A_text_arrives_as_it_was_given_and_ends_nothing_early(string what, string text)
    {
        await using var bench = new SmtpBench(new() { KeepContent = true });
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync(Emails.Small with { Text = text, Html = "<p>" + text })).Status);
        Assert.True(bench.Sink.Counts.MessagesAccepted == 1, what);
        var bytes = Assert.Single(bench.Sink.Messages).Content.ToArray();
        using var message = MimeWire.Read(bytes);
        Assert.Equal(Normal(text), Normal(message.TextBody!));
        Assert.Equal(Normal("<p>" + text), Normal(message.HtmlBody!));
        Assert.All(MimeWire.Lines(bytes), static line => Assert.InRange(Encoding.UTF8.GetByteCount(line), 0, MaxLine));
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_text_arrives_through_seven_bits_as_well(string what, string text)
    {
        var bytes = MimeWire.Write(Emails.Small with { Text = text });
        Assert.True(Ascii.IsValid(bytes), what);
        using var message = MimeWire.Read(bytes);
        Assert.Equal(Normal(text), Normal(message.TextBody!));
        Assert.All(MimeWire.Lines(bytes), static line => Assert.InRange(line.Length, 0, MaxLine));
    }

    // Also where the encoding depends on what comes far behind.
    [Theory]
    [MemberData(nameof(Texts))]
    public void A_text_from_a_spool_is_written_as_one_from_memory(string what, string text)
    {
        using var spools = new Support.Texts();
        var random = new Random(Proof.Seed);
        foreach (var longer in new[] { text, string.Concat(Enumerable.Repeat(text, 40_000 / text.Length)), Support.Texts.Random(random, 40_000) + text })
        {
            foreach (var constraint in new[] { EncodingConstraint.SevenBit, EncodingConstraint.EightBit, EncodingConstraint.None })
            {
                var ofMemory = MimeWire.Write(Emails.Small with { Text = longer, Html = text }, constraint: constraint);
                var ofSpool = MimeWire.Write(Emails.Small with { Text = spools.Spooled(longer), Html = spools.Spooled(text) }, constraint: constraint);
                Assert.True(WithoutBoundary(ofMemory).SequenceEqual(WithoutBoundary(ofSpool)), $"Seed {Proof.Seed}, {what}, {constraint}");
            }
        }
    }

    private static IEnumerable<string> WithoutBoundary(byte[] message)
    {
        using var read = MimeWire.Read(message);
        var (text, id) = (Encoding.UTF8.GetString(message), Assert.Single(read.Headers, static header => header.Id == HeaderId.MessageId).Value);
        return text.Replace(((Multipart)read.Body!).Boundary!, "boundary", StringComparison.Ordinal).Replace(id, "id", StringComparison.Ordinal).Split('\n');
    }

    // A line end is a line end, whichever characters wrote it; and a text may gain one at its end.
    private static string Normal(string text) =>
        text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').TrimEnd('\n');
}
