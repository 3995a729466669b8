using System.Globalization;

namespace EmailFunctions.TestKit.Protocol;

/// <summary>One command line, split into its verb in upper case and the rest.</summary>
internal readonly record struct SmtpCommand(string Line, string Verb, string Argument)
{
    public SmtpStage? Stage => Verb switch
    {
        "EHLO" or "HELO" => SmtpStage.Ehlo,
        "STARTTLS" => SmtpStage.StartTls,
        "AUTH" => SmtpStage.Auth,
        "MAIL" => SmtpStage.MailFrom,
        "RCPT" => SmtpStage.RcptTo,
        "DATA" or "BDAT" => SmtpStage.Data,
        _ => null,
    };

    public static SmtpCommand Parse(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        return space < 0
            ? new(line, line.ToUpperInvariant(), "")
            : new(line, line[..space].ToUpperInvariant(), line[(space + 1)..].Trim());
    }

    /// <summary>Reads the size of BDAT, and whether it is the last piece.</summary>
    public bool TryReadChunk(out long size, out bool isLast)
    {
        var words = Argument.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        isLast = words is [_, var last] && last.Equals("LAST", StringComparison.OrdinalIgnoreCase);
        size = 0;
        return (words.Length == 1 || isLast) && long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out size);
    }

    /// <summary>Reads "FROM:&lt;path&gt; parameters" or "TO:&lt;path&gt; parameters" out of the argument.</summary>
    /// <param name="keyword">"FROM:" or "TO:".</param>
    /// <param name="path">The address without its brackets.</param>
    /// <param name="parameters">What follows it, trimmed.</param>
    public bool TryReadPath(string keyword, out string path, out string parameters)
    {
        path = parameters = "";
        if (!Argument.StartsWith(keyword, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var rest = Argument.AsSpan(keyword.Length).TrimStart();
        var end = rest.IndexOf('>');
        if (rest.IsEmpty || rest[0] != '<' || end < 0)
        {
            return false;
        }

        path = rest[1..end].ToString();
        parameters = rest[(end + 1)..].Trim().ToString();
        return true;
    }
}
