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
    public void Mail_that_waits_lies_in_its_row_or_in_the_payload_store()
    {
        var found = run.Canaries.SearchFiles(run.Folder);

        Assert.Equal(["email.db"], PlacesOf(found, CanaryRun.WaitingInRow));
        Assert.Equal(["payloads"], PlacesOf(found, CanaryRun.WaitingInStore));
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
        Assert.Equal(["email.db", "lock"], Directory.GetFiles(run.Folder).Select(Path.GetFileName).Order());

    private static bool IsAllowed(Finding finding) =>
        Is(finding, CanaryRun.WaitingInRow, "email.db") || Is(finding, CanaryRun.WaitingInStore, "payloads") || Is(finding, CanaryRun.InFile, "mail");

    private static bool Is(Finding finding, string name, string place) =>
        finding.What.StartsWith(name, StringComparison.Ordinal) && PlaceOf(finding) == place;

    private static IEnumerable<string> PlacesOf(List<Finding> found, string name) =>
        found.Where(finding => finding.What.StartsWith(name, StringComparison.Ordinal)).Select(PlaceOf).Distinct();

    private static string PlaceOf(Finding finding) => finding.Place.Split(Path.DirectorySeparatorChar)[0];
}
