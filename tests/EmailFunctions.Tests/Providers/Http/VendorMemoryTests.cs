using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Mailgun;
using EmailFunctions.Providers.Mime;
using EmailFunctions.Providers.SendGrid;
using EmailFunctions.Providers.Ses;
using EmailFunctions.Tests.Providers.Mailgun;
using EmailFunctions.Tests.Providers.SendGrid;
using EmailFunctions.Tests.Providers.Ses;
using EmailFunctions.Tests.Support;
using MimeKit;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>A file or text goes through each body in pieces: what a body allocates has nothing to do with its size.</summary>
public sealed class VendorMemoryTests : IDisposable
{
    private const int FileBytes = 25 * 1024 * 1024;
    private const int TextBytes = 12 * 1024 * 1024;
    private const string Line = "<p>Grüße aus \"Köln\" 🎉</p>\r\n";
    private const int Allowed = 3 * 1024 * 1024;

    private static readonly OutgoingEmail Large = Emails.Outgoing(Emails.Small with { Attachments = [new("large.bin", "application/octet-stream", null, FileContent.Of(new byte[FileBytes]))] });

    private readonly Texts _texts = new();
    private readonly OutgoingEmail _long;

    public VendorMemoryTests()
    {
        var text = _texts.Spooled(string.Concat(Enumerable.Repeat(Line, TextBytes / Encoding.UTF8.GetByteCount(Line))));
        _long = Emails.Outgoing(Emails.Small with { Text = text, Html = text });
    }

    public void Dispose() => _texts.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Amazon_ses_measures_and_sends_a_large_file_in_pieces() => AssertSmall(static stream => SendSes(Large, stream), FileBytes / 3 * 4);

    [Fact]
    public void Amazon_ses_measures_and_sends_long_texts_in_pieces() => AssertSmall(stream => SendSes(_long, stream), 2 * TextBytes);

    [Fact]
    public void SendGrid_sends_a_large_file_in_pieces() => AssertSmall(static stream => SendSendGrid(Large, stream), FileBytes / 3 * 4);

    [Fact]
    public void SendGrid_sends_long_texts_in_pieces() => AssertSmall(stream => SendSendGrid(_long, stream), 2 * TextBytes);

    [Fact]
    public void Mailgun_measures_and_sends_a_large_file_in_pieces() => AssertSmall(static stream => SendMailgun(Large, stream), FileBytes / 3 * 4);

    [Fact]
    public void Mailgun_sends_long_texts_as_fields_in_pieces() => AssertSmall(stream => SendMailgun(_long, stream), 2 * TextBytes);

    [Fact]
    public void Mailgun_measures_and_sends_long_texts_as_a_file_in_pieces() =>
        AssertSmall(stream => SendMailgun(Emails.Outgoing(_long.Content with { Attachments = [new("a", "text/plain", null, FileContent.Empty)] }), stream), 2 * TextBytes);

    [Theory]
    [InlineData(EncodingConstraint.SevenBit)]
    [InlineData(EncodingConstraint.EightBit)]
    public void Long_texts_become_mime_in_pieces(EncodingConstraint constraint) => AssertSmall(
        stream =>
        {
            using var mime = MimeDocument.Of(_long, SesBench.Settings, constraint);
            Done(mime.WriteToAsync(stream, Token));
            return stream.Length;
        },
        2 * TextBytes);

    private static long SendSes(OutgoingEmail email, Stream stream)
    {
        using var body = new SesBody(email, SesBench.Settings);
        var (length, _) = Done(body.MeasureAsync(Token));
        Done(body.WriteToAsync(stream, Token));
        return length;
    }

    private static long SendSendGrid(OutgoingEmail email, Stream stream)
    {
        var body = new SendGridBody(email, SendGridBench.Settings, new SendGridOptions());
        Done(body.WriteToAsync(stream, Token));
        return body.Length;
    }

    private static long SendMailgun(OutgoingEmail email, Stream stream)
    {
        using var body = Done(MailgunBody.MakeAsync(email, MailgunBench.Settings, new MailgunOptions(), Token));
        using var content = body.ToContent();
        Done(content.CopyToAsync(stream, Token));
        return content.Headers.ContentLength!.Value;
    }

    // On this thread alone, since other tests allocate beside it: the streams are in memory or read without waiting.
    private static void AssertSmall(Func<Stream, long> send, long least)
    {
        using var warmUp = new MeasuringStream();
        send(warmUp);
        using var stream = new MeasuringStream();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var length = send(stream);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(length, stream.Length);
        Assert.InRange(length, least - 1_000, FileBytes * 3);
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
