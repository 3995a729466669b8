using System.Text;
using System.Text.Json;
using MimeKit;

namespace EmailFunctions.Load;

/// <summary>The message of the benchmark, once for MimeKit and once for the service, with the same content.</summary>
internal sealed class LoadMessage
{
    public const string From = "bench@example.test";
    private const string To = "someone@example.test";
    private const string Subject = "Your weekly summary is ready";
    private const int LineLength = 76;

    private readonly string _body;

    /// <param name="wireBytes">The size the raw message shall have, headers included.</param>
    public LoadMessage(int wireBytes)
    {
        _body = "";
        var headers = Measure();
        _body = Text(Math.Max(1, wireBytes - headers));
    }

    /// <summary>A new message, as an application would make it for each mail.</summary>
    public MimeMessage ToMime(string id) => Build(id, _body);

    /// <summary>The request to the service for the same message.</summary>
    public byte[] ToRequest(string tenant, string id) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        tenant_id = tenant,
        to = new[] { To },
        subject = Subject,
        body = _body,
        headers = new Dictionary<string, string> { [SinkHost.IdHeader] = id },
    });

    private static MimeMessage Build(string id, string body)
    {
        var message = new MimeMessage();
        message.From.Add(new MailboxAddress("", From));
        message.To.Add(new MailboxAddress("", To));
        message.Subject = Subject;
        message.Headers.Add(SinkHost.IdHeader, id);
        message.Body = new TextPart("plain") { Text = body };
        return message;
    }

    /// <summary>Lines of ASCII words, ended with CRLF, of exactly that many bytes in all.</summary>
    private static string Text(int bytes)
    {
        const string Words = "The quick brown fox jumps over the lazy dog while the band plays on; ";
        var text = new StringBuilder(bytes);
        while (text.Length < bytes)
        {
            text.Append((text.Length % (LineLength + 2)) switch
            {
                LineLength => '\r',
                LineLength + 1 => '\n',
                var column => Words[(column + text.Length / LineLength) % Words.Length],
            });
        }

        return text.ToString();
    }

    private int Measure()
    {
        using var message = Build("r0-0000", _body);
        message.Prepare(EncodingConstraint.SevenBit);
        using var stream = new MemoryStream();
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        message.WriteTo(format, stream);
        return (int)stream.Length;
    }
}
