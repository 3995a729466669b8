using EmailFunctions.Messages;
using EmailFunctions.Spooling;

namespace EmailFunctions.Providers;

/// <summary>A message is larger than its provider takes.</summary>
/// <param name="Size">Its bytes as MIME.</param>
/// <param name="Limit">The most that the provider takes.</param>
public sealed record SizeExcess(long Size, long Limit);

/// <summary>Finds messages that their provider would refuse for their size. Only one that may be too large is measured.</summary>
public sealed class SizeLimits(ProviderRegistry providers, IMessageMeasure measure)
{
    /// <summary>By how much the message is too large for the provider; null: it is not, or no limit is known.</summary>
    public async ValueTask<SizeExcess?> FindExcessAsync(OutgoingEmail email, ProviderSettings settings, CancellationToken cancellationToken)
    {
        if (!providers.Has(settings.Type) || providers.Get(settings.Type).MaxEncodedBytes(settings) is not { } limit || Bound(email.Content) <= limit)
            return null;
        var size = await measure.MeasureAsync(email, settings, cancellationToken);
        return size > limit ? new SizeExcess(size, limit) : null;
    }

    /// <summary>More than the message can have as MIME, whatever its sender is, in bytes.</summary>
    internal static long Bound(EmailContent content) =>
        4_000
        + Texts(content.Text, content.Html)
        + Fields(content.Recipients) + Fields([content.Subject, content.FromEmail, content.FromName, content.ReplyTo]) + Fields(content.Tags)
        + Fields(content.Headers.SelectMany(static header => new[] { header.Key, header.Value }))
        + Fields(content.Metadata.SelectMany(static pair => new[] { pair.Key, pair.Value }))
        + content.Attachments.Sum(static attachment => Field(attachment.FileName) + Field(attachment.FileName) + Field(attachment.ContentType) + 1_000 + FileBytes(attachment.Content.Length));

    // Three characters for a byte of UTF-8, and a break in every line (RFC 2045 section 6.7).
    private static long Texts(SpoolText? text, SpoolText? html) => (1_000 * 2) + (4 * ((text?.Bytes ?? 0) + (html?.Bytes ?? 0)));

    private static long Fields(IEnumerable<string?> values) => values.Sum(Field);

    // Twelve bytes for a character that is escaped in JSON and encoded as a word, and what folding adds.
    private static long Field(string? value) => 200 + (24L * (value?.Length ?? 0));

    // Lines of 76 characters of base64 (RFC 2045 section 6.8), of which four stand for three bytes.
    private static long FileBytes(long length) => 100 + (length * 4 / 3 * 78 / 76);
}
