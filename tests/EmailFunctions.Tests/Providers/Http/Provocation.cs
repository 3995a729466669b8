using System.Net;
using System.Net.Sockets;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.TestKit.Vendors;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>How a row of a vendor's table is brought about, and what it must then come to besides what the row says.</summary>
/// <param name="Name">For the test's name.</param>
/// <param name="Row">The row, by its text.</param>
/// <param name="Run">Brings it about.</param>
/// <param name="RetryAfter">The wait that must come with it.</param>
public sealed record Provocation(string Name, string Row, Func<VendorScene, Task<SendResult>> Run, TimeSpan? RetryAfter = null)
{
    private const int LargeBytes = 24 * 1024 * 1024;

    // Too large for what a socket and a server keep of what nobody reads.
    private static readonly EmailContent Large = Emails.Small with
    {
        Attachments = [new("large.bin", "application/octet-stream", null, FileContent.Of(new byte[LargeBytes]))],
    };

    public override string ToString() => Name;

    /// <summary>An answer of the vendor's server.</summary>
    public static Provocation Answer(string row, VendorReply reply, TimeSpan? retryAfter = null) =>
        new($"{reply.Status} {reply.Body} {string.Join(' ', reply.Headers)} → {row}", row, scene => scene.SendAsync(reply), retryAfter);

    /// <summary>Something that is wrong before the vendor is asked.</summary>
    public static Provocation Beforehand(string row, Func<ProviderAccount, ProviderAccount> change, EmailContent? content = null) =>
        new(row, row, scene => scene.SendAsync(null, change, content));

    /// <summary>What happens without an answer of the vendor's own, which is the same with every vendor.</summary>
    public static IEnumerable<Provocation> WithoutAnswer()
    {
        yield return new("refused", "No connection: refused, not reachable, or closed while TLS was agreed on", static scene => scene.SendToAsync($"http://127.0.0.1:{ClosedPort()}"));
        yield return new("closed", "No connection: refused, not reachable, or closed while TLS was agreed on", static scene => scene.SendToCloserAsync());
        yield return new("no TLS", "TLS could not be agreed on, or the certificate is not trusted", static scene => scene.SendToAsync(scene.Plain.Replace("http:", "https:", StringComparison.Ordinal)));
        yield return new("untrusted", "TLS could not be agreed on, or the certificate is not trusted", static scene => scene.SendToUntrustedAsync());
        yield return new("unknown host", "The host name is not known", static scene => scene.SendToAsync("http://unknown.example"));
        yield return new("not public", "Not asked: the host, an address that it leads to, or the port is not one that may be called", static scene => scene.SendToAsync("https://10.0.0.1"));
        yield return new("silence", "No connection in time", static scene => scene.SendToSilenceAsync());
        yield return new("cut during the upload", "The connection was lost before the message was handed over", static scene => scene.SendAsync(VendorReply.CutDuringUpload(), null, Large));
        yield return new("hang during the upload", "The message was not handed over in time", static scene => scene.HangAsync(hold => VendorReply.HangDuringUpload(hold), Large));
        yield return new("cut after the body", "The connection was lost after the message was handed over, before an answer", static scene => scene.SendAsync(VendorReply.CutAfterBody()));
        yield return new("hang after the body", "No answer in time after the message was handed over, or the service was stopped meanwhile", static scene => scene.HangAsync(static hold => VendorReply.HangAfterBody(hold, VendorReply.Answer(500)), null));
        yield return Answer("504: a gateway gave up waiting, the message may have been taken", VendorReply.Answer(504, "<html>Gateway Time-out"));
        yield return Answer("408, or 5xx", VendorReply.Answer(502, "<html>Bad Gateway"));
        yield return Answer("Anything else", VendorReply.Answer(418, "short and stout"));
    }

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
