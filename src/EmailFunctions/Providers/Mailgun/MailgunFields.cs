using System.Text;
using System.Text.RegularExpressions;
using EmailFunctions.Messages;

namespace EmailFunctions.Providers.Mailgun;

/// <summary>
/// The options of a message as fields of a form: tags, variables and, where the form is the message, headers
/// (documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages).
/// </summary>
internal static partial class MailgunFields
{
    private const int MaxTags = 10;
    private const int MaxTagLength = 128;

    // "Send options (parameters starting with o:, h:, v:, or t:) are limited to 16KB total"; a part is for the service's own.
    private const int MaxOptionBytes = 15 * 1024;

    /// <summary>Whether the fields can say all there is to say of the message, as it is.</summary>
    public static bool CanSay(OutgoingEmail email)
    {
        var content = email.Content;
        return email.IsForAll
            // A file's type and name are promised nowhere, and an inline file would be known by its name instead of its id.
            && content.Attachments.Count == 0
            // Nor is an empty text: without one the call is refused.
            && (content.Html ?? content.Text) is not { IsEmpty: true }
            && content.Tags.Count <= MaxTags
            && content.Tags.All(static tag => tag.Length <= MaxTagLength && !NotAscii().IsMatch(tag))
            && content.Headers.Keys.Concat(content.Metadata.Keys).All(Name().IsMatch)
            && Options(content).Concat(Headers(content)).Sum(static option => Measure(option.Key) + Measure(option.Value)) <= MaxOptionBytes;
    }

    /// <summary>Tags and variables, those that Mailgun can take; a message of our own has all of them in its headers.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Options(EmailContent content)
    {
        var left = MaxOptionBytes;
        var tags = content.Tags.Select(static tag => NotAscii().Replace(tag, "_")).Select(static tag => tag[..Math.Min(tag.Length, MaxTagLength)]).Distinct(StringComparer.OrdinalIgnoreCase).Take(MaxTags);
        var variables = content.Metadata.Where(static pair => Name().IsMatch(pair.Key)).Select(static pair => KeyValuePair.Create("v:" + pair.Key, pair.Value));
        return tags.Select(static tag => KeyValuePair.Create("o:tag", tag)).Concat(variables).TakeWhile(option => (left -= Measure(option.Key) + Measure(option.Value)) >= 0);
    }

    /// <summary>The client's headers.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Headers(EmailContent content) => content.Headers.Select(static pair => KeyValuePair.Create("h:" + pair.Key, pair.Value));

    private static int Measure(string text) => Encoding.UTF8.GetByteCount(text);

    [GeneratedRegex("[^ -~]")]
    private static partial Regex NotAscii();

    // What is the same in every way of quoting.
    [GeneratedRegex(@"^[A-Za-z0-9._-]+\z")]
    private static partial Regex Name();
}
