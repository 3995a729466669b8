using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace EmailFunctions.TestKit.Tests;

/// <summary>MailKit's side of the tests.</summary>
internal static class Mail
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<SmtpClient> ConnectAsync(SmtpSink sink, SecureSocketOptions tls = SecureSocketOptions.None)
    {
        var client = new SmtpClient
        {
            // Trusts this sink's certificate and no other.
            ServerCertificateValidationCallback = (_, certificate, _, _) =>
                certificate!.GetCertHashString() == sink.Certificate!.GetCertHashString(),
            CheckCertificateRevocation = false,
        };
        await client.ConnectAsync("127.0.0.1", sink.Port, tls, Token);
        return client;
    }

    public static MimeMessage Message(string id = "1", string body = "hello\r\n", params string[] to)
    {
        var message = new MimeMessage();
        message.From.Add(MailboxAddress.Parse("from@example.test"));
        foreach (var address in to is [] ? ["to@example.test"] : to)
        {
            message.To.Add(MailboxAddress.Parse(address));
        }

        message.Subject = "subject " + id;
        message.Headers.Add("X-Test-Id", id);
        message.Body = new TextPart("plain") { Text = body };
        return message;
    }

    public static async Task SendOneAsync(SmtpSink sink, string id = "1")
    {
        using var client = await ConnectAsync(sink);
        await client.SendAsync(Message(id), Token);
        await client.DisconnectAsync(quit: true, Token);
    }
}
