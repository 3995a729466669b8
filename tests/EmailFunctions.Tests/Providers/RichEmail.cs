using System.Globalization;
using System.Text;
using EmailFunctions.Messages;
using MimeKit;

namespace EmailFunctions.Tests.Providers;

/// <summary>A message with everything that a message can have, and the comparison with what has arrived of it.</summary>
internal sealed class RichEmail
{
    private const string Text = "Grüße aus Köln 🎉\r\n.\r\n.. two dots\r\n\r\nFrom here on\r\n";
    private const string Html = "<p>Grüße aus <b>Köln</b> <img src=\"cid:logo@acme\"></p>\r\n";
    private const int LargeFile = 5 * 1024 * 1024;

    public EmailContent Content { get; } = new()
    {
        To = Addresses("to", 60),
        Cc = [.. Addresses("cc", 19), "info@bücher.example"],
        Bcc = Addresses("hidden", 20),
        Subject = "Ihre Rechnung — 請求書 🎉 n° 1",
        Text = Text,
        Html = Html,
        FromEmail = "billing@acme.example",
        FromName = "Jürgen \"JJ\" Müller, 経理",
        ReplyTo = "answers@acme.example",
        Headers = new Dictionary<string, string>
        {
            ["X-Campaign"] = "spring, 2026; \"quoted\"",
            ["X-Gruss"] = "Grüße 🎉",
            ["List-Unsubscribe"] = "<https://acme.example/unsubscribe?id=1>, <mailto:leave@acme.example>",
            ["References"] = "<1@acme.example> <2@acme.example>",
        },
        Tags = ["invoice", "größe", "with space"],
        Metadata = new Dictionary<string, string> { ["order"] = "4711", ["näme"] = "Jürgen \"JJ\"\r\n", ["empty"] = "" },
        Attachments =
        [
            new("logo.png", "image/png", "logo@acme", FileContent.Of(Bytes(2_000))),
            new("invoice 🧾 — größe.pdf", "application/pdf", null, FileContent.Of(Bytes(70_001))),
            new("mail.eml", "message/rfc822", null, FileContent.Of(Encoding.ASCII.GetBytes("Subject: inner\n\nbare line feeds\n\r"))),
            new("parts", "multipart/mixed; boundary=x", null, FileContent.Of(Encoding.ASCII.GetBytes("--x\r\n\r\n--x--"))),
            new("notes.txt", "text/plain; charset=utf-16", null, FileContent.Of(Encoding.Unicode.GetBytes("line\nline\r\n"))),
            new("empty.bin", "application/octet-stream", null, FileContent.Of(ReadOnlyMemory<byte>.Empty)),
            new("large.bin", "application/octet-stream", null, FileContent.Of(Bytes(LargeFile))),
        ],
    };

    /// <summary>Compares the body, part by part; files byte by byte.</summary>
    public void AssertSame(MimeMessage message)
    {
        var mixed = Parts(message.Body!, "multipart/mixed", 7);
        var alternative = Parts(mixed[0], "multipart/alternative", 2);
        AssertText(Text, "plain", alternative[0]);
        var related = Parts(alternative[1], "multipart/related", 2);
        AssertText(Html, "html", related[0]);
        AssertFile(Content.Attachments[0], "image/png", related[1]);
        string[] types = ["application/pdf", "application/octet-stream", "application/octet-stream", "text/plain", "application/octet-stream", "application/octet-stream"];
        for (var index = 0; index < types.Length; index++)
            AssertFile(Content.Attachments[index + 1], types[index], mixed[index + 1]);
    }

    private static Multipart Parts(MimeEntity entity, string type, int count)
    {
        var multipart = Assert.IsType<Multipart>(entity, exactMatch: false);
        Assert.Equal((type, count), (multipart.ContentType.MimeType, multipart.Count));
        return multipart;
    }

    private static void AssertText(string expected, string subtype, MimeEntity entity)
    {
        var part = Assert.IsType<TextPart>(entity);
        Assert.Equal(("text/" + subtype, "utf-8"), (part.ContentType.MimeType, part.ContentType.Charset));
        Assert.Equal(expected, part.Text.ReplaceLineEndings("\r\n"));
    }

    private static void AssertFile(EmailAttachment expected, string type, MimeEntity entity)
    {
        var part = Assert.IsType<MimePart>(entity, exactMatch: false);
        Assert.Equal((expected.FileName, type, expected.ContentId), (part.FileName, part.ContentType.MimeType, part.ContentId));
        Assert.Equal(expected.ContentId is null ? "attachment" : "inline", part.ContentDisposition?.Disposition);
        using var content = new MemoryStream();
        part.Content!.DecodeTo(content);
        using var bytes = new MemoryStream();
        using var stream = expected.Content.OpenRead();
        stream.CopyTo(bytes);
        Assert.True(bytes.ToArray().AsSpan().SequenceEqual(content.ToArray()), expected.FileName);
    }

    private static string[] Addresses(string name, int count) =>
        [.. Enumerable.Range(0, count).Select(n => string.Create(CultureInfo.InvariantCulture, $"{name}.{n}+x@example.com"))];

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
