using System.Globalization;
using System.Text;
using EmailFunctions.Messages;

namespace EmailFunctions.Tests.Providers;

/// <summary>A message with everything that a message can have.</summary>
internal static class RichEmail
{
    private const string Text = "Grüße aus Köln 🎉\r\n.\r\n.. two dots\r\n\r\nFrom here on\r\n";
    private const string Html = "<p>Grüße aus <b>Köln</b> <img src=\"cid:logo@acme\"></p>\r\n";
    private const int LargeFile = 5 * 1024 * 1024;

    public static EmailContent Content { get; } = new()
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

    /// <summary>How its parts must lie in each other, as MIME.</summary>
    public static string ShapeOf(EmailContent content) =>
        $"mixed(alternative(plain:utf-8 related(html:utf-8 file)){string.Concat(Enumerable.Repeat(" file", content.Attachments.Count(static file => file.ContentId is null)))})";

    private static string[] Addresses(string name, int count) =>
        [.. Enumerable.Range(0, count).Select(n => string.Create(CultureInfo.InvariantCulture, $"{name}.{n}+x@example.com"))];

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
