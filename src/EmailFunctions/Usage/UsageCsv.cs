using System.Globalization;
using System.Text;
using EmailFunctions.Wire;

namespace EmailFunctions.Usage;

/// <summary>
/// Usage as CSV (RFC 4180): a header, then a row for each group and provider. A cell that a spreadsheet would take for a formula begins with
/// an apostrophe.
/// </summary>
internal static class UsageCsv
{
    public const string ContentType = "text/csv";

    private const string Header = "period_start,provider,total_emails,successful_emails,failed_emails,total_recipients,total_cost_usd,rate_limit_hits,average_duration_ms";

    public static string Write(UsageTally tally)
    {
        var text = new StringBuilder(Header).Append("\r\n");
        foreach (var (start, group) in tally.Groups)
        {
            foreach (var (provider, sums) in group.Providers)
            {
                text.Append(CultureInfo.InvariantCulture, $"{Rfc3339Converter.ToText(start)},{Cell(provider)},{sums.Emails},{sums.Successes},{sums.Failures},")
                    .Append(CultureInfo.InvariantCulture, $"{sums.Recipients},{sums.Cost},{sums.Limited},{sums.AverageMilliseconds() ?? 0}\r\n");
            }
        }

        return text.ToString();
    }

    // Quotes are needed around commas, quotes and line breaks, and double within.
    internal static string Cell(string text)
    {
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r')
            text = "'" + text;
        return text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }
}
