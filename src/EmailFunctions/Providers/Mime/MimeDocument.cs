using MimeKit;

namespace EmailFunctions.Providers.Mime;

/// <summary>A message as the bytes that are sent, written as often as needed and the same each time.</summary>
internal sealed class MimeDocument : IDisposable
{
    private static readonly FormatOptions Format = MakeFormat();

    private readonly MimeMessage _message;

    private MimeDocument(MimeMessage message) => _message = message;

    /// <summary>Builds it in seven-bit characters, which every vendor takes, or as <paramref name="constraint"/> says.</summary>
    public static MimeDocument Of(OutgoingEmail email, ProviderSettings settings, EncodingConstraint constraint = EncodingConstraint.SevenBit)
    {
        var message = MimeBuilder.Build(email, settings);
        message.Prepare(constraint);
        return new MimeDocument(message);
    }

    public Task WriteToAsync(Stream stream, CancellationToken cancellationToken) => _message.WriteToAsync(Format, stream, cancellationToken);

    public void Dispose() => _message.Dispose();

    private static FormatOptions MakeFormat()
    {
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        return format;
    }
}
