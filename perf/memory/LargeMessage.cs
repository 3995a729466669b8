using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Text;

namespace EmailFunctions.Memory;

/// <summary>A request with one attachment of random bytes, or with one long HTML text.</summary>
internal static class LargeMessage
{
    // As it is written, and how many bytes it has then.
    private const string Paragraph = """<p class=\"text\">One of many paragraphs, with Grüße aus Köln.</p>\r\n""";
    private static readonly int ParagraphBytes = Encoding.UTF8.GetByteCount(Paragraph) - 4;

    public static HttpContent Of(string tenant, bool isText, int bytes)
    {
        var head = $$"""{"tenant_id":"{{tenant}}","to":["someone@example.test"],"subject":"s",""";
        var body = isText ? Text(head, bytes) : File(head, bytes);
        return new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    private static byte[] Text(string head, int bytes)
    {
        var text = new StringBuilder(head).Append("\"body_html\":\"");
        for (var left = bytes; left >= ParagraphBytes; left -= ParagraphBytes)
            text.Append(Paragraph);
        return Encoding.UTF8.GetBytes(text.Append('x', bytes % ParagraphBytes).Append("\"}").ToString());
    }

    private static byte[] File(string head, int bytes)
    {
        var file = new byte[bytes];
        new Random(bytes).NextBytes(file);
        var before = Encoding.UTF8.GetBytes(head + "\"body\":\"b\",\"attachments\":[{\"filename\":\"a.bin\",\"content_type\":\"application/octet-stream\",\"content\":\"");
        var after = "\"}]}"u8;
        var body = new byte[before.Length + Base64.GetMaxEncodedToUtf8Length(bytes) + after.Length];
        before.CopyTo(body, 0);
        Base64.EncodeToUtf8(file, body.AsSpan(before.Length), out _, out var written);
        after.CopyTo(body.AsSpan(before.Length + written));
        return body;
    }
}
