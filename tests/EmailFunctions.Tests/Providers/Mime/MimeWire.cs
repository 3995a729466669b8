using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Mime;
using MimeKit;

namespace EmailFunctions.Tests.Providers.Mime;

/// <summary>A message as it goes over the wire, and as whoever gets it reads it.</summary>
internal static class MimeWire
{
    private static readonly ProviderSettings Settings = new() { Type = ProviderType.Smtp, FromEmail = Emails.Sender };

    private static readonly FormatOptions Format = MakeFormat();

    public static byte[] Write(EmailContent content, ProviderSettings? settings = null, EncodingConstraint constraint = EncodingConstraint.SevenBit)
    {
        using var message = MimeBuilder.Build(Emails.Outgoing(content), settings ?? Settings);
        message.Prepare(constraint);
        using var bytes = new MemoryStream();
        message.WriteTo(Format, bytes, TestContext.Current.CancellationToken);
        return bytes.ToArray();
    }

    public static MimeMessage Read(byte[] bytes) => MimeMessage.Load(new MemoryStream(bytes), TestContext.Current.CancellationToken);

    public static MimeMessage Send(EmailContent content, ProviderSettings? settings = null) => Read(Write(content, settings));

    /// <summary>The lines of the wire, which end in CR LF and hold neither of them elsewhere.</summary>
    public static string[] Lines(byte[] bytes)
    {
        var lines = Encoding.UTF8.GetString(bytes).Split("\r\n");
        Assert.DoesNotContain(lines, static line => line.AsSpan().ContainsAny('\r', '\n'));
        return lines;
    }

    private static FormatOptions MakeFormat()
    {
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        return format;
    }
}
