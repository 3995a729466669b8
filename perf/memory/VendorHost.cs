using System.Globalization;
using EmailFunctions.Load;
using EmailFunctions.TestKit.Vendors;

namespace EmailFunctions.Memory;

/// <summary>The HTTP server of Amazon SES, SendGrid and Mailgun in its own process: it takes whatever comes. It ends when its input does.</summary>
internal static class VendorHost
{
    public static async Task<int> RunAsync()
    {
        await using var server = await VendorServer.StartAsync(Answer);
        Console.WriteLine(server.Address.Port.ToString(CultureInfo.InvariantCulture));
        while (await Console.In.ReadLineAsync() is not null)
        {
        }

        return ExitCodes.Ok;
    }

    private static VendorReply Answer(VendorRequest request) =>
        request.Target.StartsWith("/v2/", StringComparison.Ordinal) ? VendorReply.Answer(200, """{"MessageId":"1"}""")
        : request.Target == "/v3/mail/send" ? VendorReply.Answer(202, "", ("X-Message-Id", "1"))
        : VendorReply.Answer(200, """{"id":"<1@example.test>","message":"Queued. Thank you."}""");
}
