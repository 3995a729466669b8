using System.Text;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Console;
using EmailFunctions.Providers.File;
using EmailFunctions.Providers.Mailgun;
using EmailFunctions.Providers.SendGrid;
using EmailFunctions.Providers.Ses;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Providers;

/// <summary>docs/providers.md shows the tables by which the adapters decide.</summary>
public sealed class AnswerDocumentTests
{
    private const string Mark = "<!-- answers -->";

    private static readonly (string Name, IReadOnlyList<AnswerRow> Rows)[] Tables =
    [
        ("SMTP", SmtpAnswers.Answers),
        ("Amazon SES", SesAnswers.Answers),
        ("SendGrid", SendGridAnswers.Answers),
        ("Mailgun", MailgunAnswers.Answers),
        ("file", FileProvider.Answers),
        ("console", ConsoleProvider.Answers),
    ];

    [Fact]
    public async Task The_document_shows_each_row_of_each_table()
    {
        var path = Path.Combine(Repository.Root, "docs", "providers.md");
        var document = await System.IO.File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var expected = document[..(document.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length)] + "\n" + Render();
        if (document == expected)
            return;
        var written = Path.Combine(Repository.Root, "artifacts", "providers.md");
        Directory.CreateDirectory(Path.GetDirectoryName(written)!);
        await System.IO.File.WriteAllTextAsync(written, expected, TestContext.Current.CancellationToken);
        Assert.Fail($"docs/providers.md does not show the tables as they are now. What it should be is in {Path.GetRelativePath(Repository.Root, written)}; put it in its place.");
    }

    [Fact]
    public void No_table_has_a_row_twice_and_only_what_was_sent_has_no_category()
    {
        foreach (var (_, rows) in Tables)
        {
            Assert.Equal(rows.Count, rows.DistinctBy(static row => row.Answer).Count());
            Assert.All(rows, static row => Assert.Equal(row.Status == SendStatus.Sent, row.Category is null));
        }
    }

    [Fact]
    public void Nothing_that_may_have_been_sent_or_that_the_message_is_the_reason_of_goes_on()
    {
        foreach (var row in Tables.SelectMany(static table => table.Rows).Where(static row => row.ToResult(null).MayGoElsewhere))
        {
            Assert.True(row.Status is not (SendStatus.Unknown or SendStatus.Permanent or SendStatus.Sent), row.Answer);
            Assert.True(row.Category is not (ErrorCategory.Recipient or ErrorCategory.Content or ErrorCategory.RateLimited or ErrorCategory.Unexpected), row.Answer);
        }
    }

    private static string Render()
    {
        var text = new StringBuilder();
        foreach (var (name, rows) in Tables)
        {
            text.Append('\n').Append("### ").Append(name).Append("\n\n| answer | outcome | category | goes on |\n| --- | --- | --- | --- |\n");
            foreach (var row in rows)
                text.Append("| ").Append(row.Answer.Replace("|", "\\|", StringComparison.Ordinal)).Append(" | ").Append(row.Status.ToString().ToLowerInvariant()).Append(" | ").Append(row.Category?.Name()).Append(" | ").Append(row.ToResult(null).MayGoElsewhere ? "yes" : "").Append(" |\n");
        }

        return text.ToString();
    }
}
