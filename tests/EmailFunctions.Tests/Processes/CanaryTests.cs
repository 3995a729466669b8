using EmailFunctions.Messages;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>What a stopped service has left on the disk and in its log of secrets and of people's mail: nothing that it need not.</summary>
public sealed class CanaryTests(CanaryRun run) : IClassFixture<CanaryRun>
{
    [Fact]
    public void No_secret_recipient_subject_or_body_is_left_in_any_file()
    {
        var found = run.Canaries.SearchFiles(run.Folder).Where(finding => !IsAllowed(finding));

        Assert.Empty(found);
    }

    [Fact]
    public void Mail_that_waits_is_there_and_in_no_file_can_it_be_read()
    {
        var payload = Assert.Single(new DataFiles(run.Folder).Payloads);

        // The text of more than a hundred thousand bytes, and what encrypting it adds.
        Assert.InRange(new FileInfo(payload).Length, 100 * 1024, 110 * 1024);
        Assert.Equal(2, new DataFiles(run.Folder).CountByStatus()[MessageStatus.Deferred]);
        Assert.DoesNotContain(run.Canaries.SearchFiles(run.Folder), static finding => finding.What.StartsWith(CanaryRun.Waiting, StringComparison.Ordinal));
    }

    [Fact]
    public void Mail_through_the_file_provider_is_in_its_file_alone() =>
        Assert.Equal(["mail"], PlacesOf(run.Canaries.SearchFiles(run.Folder), CanaryRun.InFile));

    [Fact]
    public void Nothing_of_it_was_printed()
    {
        // The log of a run with refused mail is not empty, so there was something to search.
        Assert.Contains("was not sent", run.Printed, StringComparison.Ordinal);
        Assert.Empty(run.Canaries.SearchText("output", run.Printed));
    }

    [Fact]
    public void Nothing_of_it_is_in_metrics_spans_and_exported_logs()
    {
        Assert.Contains("email_delivery_total", run.Scraped, StringComparison.Ordinal);
        Assert.All(["smtp", "file", "aws_ses", "sendgrid", "mailgun"], provider => Assert.Contains($"send {provider}", run.Exported, StringComparison.Ordinal));
        Assert.Contains("was not sent", run.Exported, StringComparison.Ordinal);
        Assert.Empty(run.Canaries.SearchText("metrics", run.Scraped));
        Assert.Empty(run.Canaries.SearchText("telemetry", run.Exported));
    }

    [Fact]
    public void Nothing_of_it_is_answered_to_those_who_ask_what_became_of_mail()
    {
        Assert.Contains("recipient_hash", run.Answered, StringComparison.Ordinal);
        Assert.Empty(run.Canaries.SearchText("answers", run.Answered));
    }

    [Fact]
    public void A_clean_stop_leaves_no_log_of_the_database() =>
        Assert.Equal(["email.db", "lock"], run.Left);

    private static bool IsAllowed(Finding finding) =>
        finding.What.StartsWith(CanaryRun.InFile, StringComparison.Ordinal) && PlaceOf(finding) == "mail";

    private static IEnumerable<string> PlacesOf(List<Finding> found, string name) =>
        found.Where(finding => finding.What.StartsWith(name, StringComparison.Ordinal)).Select(PlaceOf).Distinct();

    private static string PlaceOf(Finding finding) => finding.Place.Split(Path.DirectorySeparatorChar)[0];
}
