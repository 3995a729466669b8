using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Text;

namespace EmailFunctions.Memory;

/// <summary>A request with one attachment of random bytes.</summary>
internal static class LargeMessage
{
    public static HttpContent Of(string tenant, int fileBytes)
    {
        var file = new byte[fileBytes];
        new Random(fileBytes).NextBytes(file);
        var head = Encoding.UTF8.GetBytes($$"""{"tenant_id":"{{tenant}}","to":["someone@example.test"],"subject":"s","body":"b","attachments":[{"filename":"a.bin","content_type":"application/octet-stream","content":""" + "\"");
        var tail = "\"}]}"u8;
        var body = new byte[head.Length + Base64.GetMaxEncodedToUtf8Length(fileBytes) + tail.Length];
        head.CopyTo(body, 0);
        Base64.EncodeToUtf8(file, body.AsSpan(head.Length), out _, out var written);
        tail.CopyTo(body.AsSpan(head.Length + written));
        return new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }
}
