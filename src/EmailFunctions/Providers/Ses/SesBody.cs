using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EmailFunctions.Messages;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Mime;

namespace EmailFunctions.Providers.Ses;

/// <summary>
/// The JSON of a SendEmail call with the message in it as it is (docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html).
/// It is written twice, once for its hash and once to the wire, and is never whole in memory. The sender is in the message's headers
/// only, which SES reads.
/// </summary>
internal sealed class SesBody : IDisposable
{
    private static readonly byte[] Tail = "\"}}}"u8.ToArray();

    private readonly MimeDocument _mime;
    private readonly byte[] _head;

    public SesBody(OutgoingEmail email, ProviderSettings settings)
    {
        _head = Head(email, settings);
        _mime = MimeDocument.Of(new OutgoingEmail(email.Id, email.Date, Writable(email.Content)), settings);
    }

    /// <summary>Finds the length in bytes, and the SHA-256 as hexadecimal digits.</summary>
    public async Task<(long Length, string Hash)> MeasureAsync(CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var measure = new MeasuringStream(hash);
        await WriteToAsync(measure, cancellationToken);
        return (measure.Length, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    public async Task WriteToAsync(Stream stream, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_head, cancellationToken);
        await using var base64 = new Base64Stream(stream);
        await _mime.WriteToAsync(base64, cancellationToken);
        await base64.CompleteAsync(cancellationToken);
        await stream.WriteAsync(Tail, cancellationToken);
    }

    public void Dispose() => _mime.Dispose();

    // Without SMTPUTF8, headers may hold no address whose local part is beyond ASCII (RFC 6532); SES gives the message to none of them.
    private static EmailContent Writable(EmailContent content) => content with
    {
        To = [.. content.To.Where(static address => !MailAddress.IsInternational(address))],
        Cc = [.. content.Cc.Where(static address => !MailAddress.IsInternational(address))],
    };

    private static byte[] Head(OutgoingEmail email, ProviderSettings settings)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        WriteDestination(json, email);
        if (settings.AwsConfigurationSet is { } set)
            json.WriteString("ConfigurationSetName", set);
        WriteTags(json, email);
        json.WriteStartObject("Content");
        json.WriteStartObject("Raw");
        json.Flush();
        return [.. buffer.WrittenSpan, .. "\"Data\":\""u8];
    }

    private static void WriteDestination(Utf8JsonWriter json, OutgoingEmail email)
    {
        var content = email.Content;
        var cc = content.To.Count + content.Cc.Count;
        json.WriteStartObject("Destination");
        WriteAddresses(json, "ToAddresses", email, position => position < content.To.Count);
        WriteAddresses(json, "CcAddresses", email, position => position >= content.To.Count && position < cc);
        WriteAddresses(json, "BccAddresses", email, position => position >= cc);
        json.WriteEndObject();
    }

    private static void WriteAddresses(Utf8JsonWriter json, string name, OutgoingEmail email, Func<int, bool> isOfThese)
    {
        var addresses = email.Recipients.Zip(email.Addresses()).Where(recipient => isOfThese(recipient.First)).Select(static recipient => recipient.Second).ToList();
        if (addresses.Count == 0)
            return;
        json.WriteStartArray(name);
        foreach (var address in addresses)
            json.WriteStringValue(MailAddress.Ascii(address));
        json.WriteEndArray();
    }

    private static void WriteTags(Utf8JsonWriter json, OutgoingEmail email)
    {
        var tags = SesTags.Of(email.Content);
        if (tags.Count == 0)
            return;
        json.WriteStartArray("EmailTags");
        foreach (var (name, value) in tags)
        {
            json.WriteStartObject();
            json.WriteString("Name", name);
            json.WriteString("Value", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
