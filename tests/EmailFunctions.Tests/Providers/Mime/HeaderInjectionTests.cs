using System.Text;
using System.Text.Json;
using EmailFunctions.Messages;
using EmailFunctions.Tests.Support;
using MimeKit;

namespace EmailFunctions.Tests.Providers.Mime;

/// <summary>Whatever the validator lets through stays in the field it was given in.</summary>
public sealed class HeaderInjectionTests
{
    private const int MaxLine = 998;

    private static readonly string[] PartHeaders = ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-Id"];

    [Theory]
    [InlineData(EncodingConstraint.SevenBit)]
    [InlineData(EncodingConstraint.EightBit)]
    public void No_field_that_the_validator_lets_through_adds_a_header(EncodingConstraint constraint)
    {
        var requests = new HostileRequests(Proof.Seed);
        var count = Proof.Count(500, 100);
        for (var number = 0; number < count; number++)
        {
            var content = requests.Next();
            byte[] bytes = [];
            try
            {
                bytes = MimeWire.Write(content, constraint: constraint);
                Check(content, bytes);
            }
            catch (Exception exception)
            {
                Assert.Fail($"PROOF_SEED={Proof.Seed}, request {number}: {exception}\n{JsonSerializer.Serialize(content)}\n{Encoding.UTF8.GetString(bytes)}");
            }
        }
    }

    private static void Check(EmailContent content, byte[] bytes)
    {
        Assert.Equal(Expected(content), FieldsOf(MimeWire.Lines(bytes)));
        using var message = MimeWire.Read(bytes);
        Assert.Equal(Expected(content), Sorted(message.Headers.Concat(message.Body!.Headers).Select(static header => header.Field)));
        Assert.All(message.BodyParts.Where(part => part != message.Body), static part => Assert.All(part.Headers, static header => Assert.Contains(header.Field, PartHeaders, StringComparer.OrdinalIgnoreCase)));

        Assert.Equal(content.To.Select(Plain), message.To.Mailboxes.Select(static mailbox => mailbox.Address));
        Assert.Equal(content.Cc.Select(Plain), message.Cc.Mailboxes.Select(static mailbox => mailbox.Address));
        Assert.Equal(Plain(content.FromEmail ?? Emails.Sender), Assert.Single(message.From.Mailboxes).Address);
        Assert.Equal(content.ReplyTo is null ? [] : [Plain(content.ReplyTo)], message.ReplyTo.Mailboxes.Select(static mailbox => mailbox.Address));
        Assert.Equal(
            content.Attachments.Select(static file => file.ContentId).Order(),
            message.BodyParts.OfType<MimePart>().Where(static part => part.ContentDisposition is not null).Select(static part => part.ContentId).Order());
    }

    // The independent reading of the header block: a line is a field that was asked for, or goes on with the one before.
    private static string[] FieldsOf(string[] lines)
    {
        var block = lines.TakeWhile(static line => line.Length > 0).ToList();
        Assert.DoesNotContain(block, static line => string.IsNullOrWhiteSpace(line) || Encoding.UTF8.GetByteCount(line) > MaxLine);
        return Sorted(block.Where(static line => line[0] is not (' ' or '\t')).Select(static line => line[..line.IndexOf(':', StringComparison.Ordinal)]));
    }

    private static string[] Expected(EmailContent content)
    {
        List<string> fields = ["From", "Date", "Subject", "Message-Id", "To", "MIME-Version", "Content-Type", .. content.Headers.Keys, .. content.Tags.Select(static _ => "X-Tag")];
        if (content.Cc.Count > 0)
            fields.Add("Cc");
        if (content.ReplyTo is not null)
            fields.Add("Reply-To");
        if (content.Metadata.Count > 0)
            fields.Add("X-Metadata");
        return Sorted(fields);
    }

    // How a body is encoded is up to its bytes.
    private static string[] Sorted(IEnumerable<string> fields) =>
        [.. fields.Where(static field => field != "Content-Transfer-Encoding").Order(StringComparer.Ordinal)];

    // MimeKit reads domains in Unicode.
    private static string Plain(string address) => new MailboxAddress(null, address).Address;
}
