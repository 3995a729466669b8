using System.Net;

namespace EmailFunctions.Tests.Processes;

/// <summary>What is left of callers' credentials after they were used, rightly and wrongly: nothing that lets anybody in.</summary>
public sealed class CallerCanaryTests(CallerCanaryRun run) : IClassFixture<CallerCanaryRun>
{
    [Fact]
    public void Every_kind_of_answer_was_among_those_that_were_searched() =>
        Assert.Empty(new[] { HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.NotFound }.Except(run.Statuses.Keys));

    [Fact]
    public void No_answer_fails() => Assert.DoesNotContain(run.Statuses.Keys, static status => (int)status >= 500);

    [Fact]
    public void No_credential_is_in_any_file()
    {
        // Keys were stored, by their ids and hashes.
        var database = File.ReadAllBytes(Path.Combine(run.Folder, "email.db"));
        Assert.True(database.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(run.KeyId)) >= 0);
        Assert.Empty(run.Canaries.SearchFiles(run.Folder));
    }

    [Fact]
    public void No_credential_was_printed()
    {
        Assert.NotEmpty(run.Printed);
        Assert.Empty(run.Canaries.SearchText("output", run.Printed));
    }

    [Fact]
    public void No_credential_is_in_metrics_spans_and_exported_logs()
    {
        Assert.NotEmpty(run.Scraped);
        Assert.Contains("/api/v1/email/send", run.Exported, StringComparison.Ordinal);
        Assert.Empty(run.Canaries.SearchText("metrics", run.Scraped));
        Assert.Empty(run.Canaries.SearchText("telemetry", run.Exported));
    }

    [Fact]
    public void No_credential_is_answered()
    {
        Assert.Contains("urn:email-functions:problem:missing-scope", run.Answered, StringComparison.Ordinal);
        Assert.Empty(run.Canaries.SearchText("answers", run.Answered));
    }
}
