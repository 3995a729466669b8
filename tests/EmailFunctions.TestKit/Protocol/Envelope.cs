using System.Globalization;
using System.Text;

namespace EmailFunctions.TestKit.Protocol;

/// <summary>The envelope of the MAIL transaction under way, and the checks of its addresses and parameters.</summary>
internal sealed class Envelope(SmtpSinkOptions options)
{
    private List<string> _recipients = [];

    public bool HasSender { get; private set; }

    public string Sender { get; private set; } = "";

    public string Parameters { get; private set; } = "";

    public IReadOnlyList<string> Recipients => _recipients;

    public void Clear()
    {
        HasSender = false;
        Sender = Parameters = "";

        // Not emptied in place: a recorded message keeps the list.
        _recipients = [];
    }

    /// <summary>What is wrong with a MAIL command, or null.</summary>
    public SmtpReply? Check(SmtpCommand mail)
    {
        if (!mail.TryReadPath("FROM:", out var path, out var parameters))
        {
            return Replies.BadArgument;
        }

        foreach (var parameter in parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (CheckParameter(parameter) is { } refusal)
            {
                return refusal;
            }
        }

        return CheckAddress(path);
    }

    /// <summary>What is wrong with a RCPT command, or null.</summary>
    public SmtpReply? CheckRecipient(SmtpCommand rcpt) =>
        !rcpt.TryReadPath("TO:", out var path, out var parameters) || path.Length == 0 ? Replies.BadArgument
        : parameters.Length > 0 ? Replies.BadParameter
        : CheckAddress(path);

    public void Begin(SmtpCommand mail)
    {
        Clear();
        mail.TryReadPath("FROM:", out var path, out var parameters);
        (HasSender, Sender, Parameters) = (true, path, parameters);
    }

    public void AddRecipient(SmtpCommand rcpt)
    {
        rcpt.TryReadPath("TO:", out var path, out _);
        _recipients.Add(path);
    }

    private SmtpReply? CheckAddress(string path) =>
        options.SmtpUtf8 || Ascii.IsValid(path) ? null : Replies.NeedsUtf8;

    private SmtpReply? CheckParameter(string parameter)
    {
        var (name, value) = parameter.Split('=', 2) is [var left, var right] ? (left, right) : (parameter, "");
        switch (name.ToUpperInvariant())
        {
            case "BODY" when value.Equals("BINARYMIME", StringComparison.OrdinalIgnoreCase):
                return options.BinaryMime ? null : Replies.BadParameter;
            case "BODY" when options.EightBitMime:
            case "SMTPUTF8" when options.SmtpUtf8:
            case "AUTH" when options.HasUsers:
                return null;
            case "SIZE" when options.Size:
                return !long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
                    ? Replies.BadArgument
                    : size > options.MaxMessageBytes ? Replies.TooLarge : null;
            default:
                return Replies.BadParameter;
        }
    }
}
