using EmailFunctions.TestKit.FunctionsHost;
using Microsoft.AspNetCore.Http;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

public sealed class AnswerTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("""{"Outputs":{},"Logs":[],"ReturnValue":null}""")]
    [InlineData("""{"anything":"else"}""")]
    public async Task A_JSON_object_is_a_success(string json)
    {
        var record = await Host.RunOnceAsync(Answers.Json(json));
        Assert.Equal((true, null), (record.Succeeded, record.Problem));
    }

    [Theory]
    [InlineData("""{"Logs":["one","two"]}""")]
    [InlineData("""{"logs":["one","two"]}""")]
    public async Task The_lines_of_Logs_are_kept_whatever_the_case_of_the_name(string json)
    {
        var record = await Host.RunOnceAsync(Answers.Json(json));
        Assert.Equal(["one", "two"], record.Logs);
    }

    [Theory]
    [InlineData("text/plain", "{}")]
    [InlineData("text/plain; charset=utf-8", "done")]
    [InlineData("application/problem+json", "{}")]
    [InlineData(null, "{}")]
    [InlineData("application/json", "[]")]
    [InlineData("application/json", "\"done\"")]
    [InlineData("application/json", "{")]
    [InlineData("application/json", """{"Logs":"one line"}""")]
    public async Task Another_label_or_another_body_is_a_failure(string? contentType, string body)
    {
        var record = await Host.RunOnceAsync(Answers.With(200, contentType, body));
        Assert.False(record.Succeeded);
        Assert.Contains("Invalid answer", record.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(500)]
    public async Task A_status_that_is_no_success_is_a_failure_whatever_the_body(int status)
    {
        var record = await Host.RunOnceAsync(Answers.With(status, "application/json", "{}"));
        Assert.False(record.Succeeded);
        Assert.Contains($"{status}", record.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, null, "")]
    [InlineData(202, "application/json", "")]
    [InlineData(204, null, "")]
    [InlineData(200, "application/json", "null")]
    public async Task An_answer_of_nothing_hangs_until_the_timeout_which_restarts_the_worker(int status, string? contentType, string body)
    {
        using var folder = new ScriptFolder(file => file["functionTimeout"] = "00:00:01").AddTimer("Sweep");
        var handler = Host.Handler(body.Length == 0 ? context => Nothing(context, status, contentType) : Answers.With(status, contentType, body));
        await using var host = await Host.StartAsync(folder, handler);
        var record = await host.FireTimerAsync("Sweep");
        Assert.False(record.Succeeded);
        Assert.InRange(record.Duration, TimeSpan.FromSeconds(0.9), Host.Limit);
        Assert.Contains("functionTimeout", record.Problem, StringComparison.Ordinal);
        Assert.Equal([WorkerEventKind.Started, WorkerEventKind.Restarted, WorkerEventKind.Started], host.WorkerEvents.Select(e => e.Kind));
    }

    [Fact]
    public async Task A_timeout_takes_everything_else_in_flight_with_it()
    {
        using var folder = new ScriptFolder(file => file["functionTimeout"] = "00:00:02").AddTimer("Hangs").AddTimer("Works");
        using var held = new SemaphoreSlim(0);
        var handler = Host.Handler(context => context.Request.Path == "/Hangs" ? Answers.Empty(context) : held.WaitAsync(context.RequestAborted));
        await using var host = await Host.StartAsync(folder, handler);
        var hanging = host.FireTimerAsync("Hangs");
        await Host.UntilAsync(() => handler.Seen.Count == 1, "the call that hangs");

        // So that its own timeout is a second later.
        await Task.Delay(TimeSpan.FromSeconds(1), Host.Token);
        var other = await host.FireTimerAsync("Works");
        Assert.Contains("functionTimeout", (await hanging).Problem, StringComparison.Ordinal);
        Assert.False(other.Succeeded);
        Assert.DoesNotContain("functionTimeout", other.Problem, StringComparison.Ordinal);
        Assert.InRange(other.Duration, TimeSpan.Zero, TimeSpan.FromSeconds(1.9));
    }

    private static Task Nothing(HttpContext context, int status, string? contentType)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        return Task.CompletedTask;
    }
}
