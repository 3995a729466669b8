using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Mailgun;
using EmailFunctions.Providers.SendGrid;
using EmailFunctions.Providers.Ses;
using EmailFunctions.Tests.Providers.Mailgun;
using EmailFunctions.Tests.Providers.SendGrid;
using EmailFunctions.Tests.Providers.Ses;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>A file goes through each body in pieces: what a body allocates has nothing to do with the file's size.</summary>
public sealed class VendorMemoryTests
{
    private const int FileBytes = 25 * 1024 * 1024;
    private const int Allowed = 3 * 1024 * 1024;

    private static readonly OutgoingEmail Large = Emails.Outgoing(Emails.Small with { Attachments = [new("large.bin", "application/octet-stream", null, FileContent.Of(new byte[FileBytes]))] });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Amazon_ses_measures_and_sends_a_large_file_in_pieces() => AssertSmall(static stream =>
    {
        using var body = new SesBody(Large, SesBench.Settings);
        var (length, _) = Done(body.MeasureAsync(Token));
        Done(body.WriteToAsync(stream, Token));
        return length;
    });

    [Fact]
    public void SendGrid_sends_a_large_file_in_pieces() => AssertSmall(static stream =>
    {
        var body = new SendGridBody(Large, SendGridBench.Settings, new SendGridOptions());
        Done(body.WriteToAsync(stream, Token));
        return body.Length;
    });

    [Fact]
    public void Mailgun_measures_and_sends_a_large_file_in_pieces() => AssertSmall(static stream =>
    {
        using var body = Done(MailgunBody.MakeAsync(Large, MailgunBench.Settings, new MailgunOptions(), Token));
        using var content = body.ToContent();
        Done(content.CopyToAsync(stream, Token));
        return content.Headers.ContentLength!.Value;
    });

    // On this thread alone, since other tests allocate beside it: the streams are in memory, so nothing is waited for.
    private static void AssertSmall(Func<Stream, long> send)
    {
        using var warmUp = new MeasuringStream();
        send(warmUp);
        using var stream = new MeasuringStream();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var length = send(stream);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(length, stream.Length);
        Assert.InRange(length, FileBytes / 3 * 4, FileBytes * 2);
        Assert.InRange(allocated, 1, Allowed);
    }

    private static T Done<T>(Task<T> task)
    {
        Assert.True(task.IsCompleted);
        return task.GetAwaiter().GetResult();
    }

    private static void Done(Task task)
    {
        Assert.True(task.IsCompleted);
        task.GetAwaiter().GetResult();
    }
}
