using EmailFunctions.Providers.Http;
using MimeKit;

namespace EmailFunctions.Providers.Mime;

/// <summary>Measures messages by writing them to nowhere.</summary>
internal sealed class MimeMeasure : IMessageMeasure
{
    public async Task<long> MeasureAsync(OutgoingEmail email, ProviderSettings settings, CancellationToken cancellationToken)
    {
        var size = await MeasureAsync(email, settings, EncodingConstraint.SevenBit, cancellationToken);
        if (settings.Type != ProviderType.Smtp)
            return size;
        // Whether an SMTP server takes eight-bit text, which may be shorter, is known only once it is asked: the shorter one counts.
        return Math.Min(size, await MeasureAsync(email, settings, EncodingConstraint.EightBit, cancellationToken));
    }

    private static async Task<long> MeasureAsync(OutgoingEmail email, ProviderSettings settings, EncodingConstraint constraint, CancellationToken cancellationToken)
    {
        using var message = MimeDocument.Of(email, settings, constraint);
        await using var size = new MeasuringStream();
        await message.WriteToAsync(size, cancellationToken);
        return size.Length;
    }
}
