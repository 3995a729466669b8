using EmailFunctions.TestKit.FunctionsHost;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

/// <summary>The worker as a real process where that is the point, and inside this process where it is not.</summary>
public sealed class WorkerTests
{
    [Fact]
    public async Task A_process_gets_its_port_the_root_and_the_app_settings_and_nothing_of_this_shell()
    {
        using var folder = new ScriptFolder().AddTimer("Sweep").AddScript("""
            echo "port=$FUNCTIONS_CUSTOMHANDLER_PORT=$FUNCTIONS_HTTPWORKER_PORT"
            echo "id=$FUNCTIONS_CUSTOMHANDLER_WORKER_ID"
            echo "root=$FUNCTIONS_APP_ROOT_PATH at $(pwd)"
            echo "mode=$EMAIL_MODE shell=$EMAIL_OF_THIS_SHELL"
            echo oops >&2
            exec sleep 600
            """);
        Environment.SetEnvironmentVariable("EMAIL_OF_THIS_SHELL", "leaks");
        await using var host = await FakeFunctionsHost.StartAsync(new()
        {
            ScriptRoot = folder.Root,
            Settings = new Dictionary<string, string> { ["EMAIL_MODE"] = "azure" },
        });
        await Host.UntilAsync(() => host.Output.Count == 4 && host.Errors.Count == 1, "five lines");
        Assert.Matches("^port=([0-9]+)=\\1$", host.Output[0]);
        Assert.Matches("^id=[0-9a-f-]{36}$", host.Output[1]);
        Assert.Equal($"root={folder.Root} at {folder.Root}", host.Output[2]);
        Assert.Equal("mode=azure shell=", host.Output[3]);
        Assert.Equal(["oops"], host.Errors);
    }

    [Fact]
    public async Task Stopping_the_host_kills_the_process_without_a_warning()
    {
        using var folder = new ScriptFolder().AddTimer("Sweep").AddScript("""
            trap 'echo warned' TERM INT
            echo "pid=$$"
            while true; do sleep 0.05; done
            """);
        var host = await FakeFunctionsHost.StartAsync(new() { ScriptRoot = folder.Root });
        await Host.UntilAsync(() => host.Output.Count == 1, "the process's id");
        var id = host.Output[0]["pid=".Length..];
        await host.DisposeAsync();
        Assert.False(Directory.Exists($"/proc/{id}"));
        Assert.DoesNotContain("warned", host.Output);
    }

    [Fact]
    public async Task After_exit_code_0_nobody_starts_it_again()
    {
        using var folder = new ScriptFolder().AddHttp("Page", "page");
        var handler = Host.Handler();
        await using var host = await Host.StartAsync(folder, handler, options => options with { HttpMode = HttpMode.Forwarding });
        await host.WaitUntilReadyAsync();
        handler.Workers.Single().End(0);
        await Host.UntilAsync(() => host.WorkerEvents.Any(e => e.Kind == WorkerEventKind.Exited), "the exit");
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(host.Address, "page"), Host.Token);
        Assert.Equal(500, (int)answer.StatusCode);
        Assert.Single(handler.Workers);
    }

    [Fact]
    public async Task Exit_code_200_restarts_it_and_is_no_error_however_often()
    {
        using var folder = new ScriptFolder().AddTimer("Sweep").AddScript("echo run >>runs; [ $(wc -l <runs) -gt 5 ] && exec sleep 600; exit 200");
        await using var host = await FakeFunctionsHost.StartAsync(new() { ScriptRoot = folder.Root });
        await Host.UntilAsync(() => host.WorkerEvents.Count(e => e.Kind == WorkerEventKind.Started) == 6, "six starts");
        Assert.Equal(5, host.WorkerEvents.Count(e => e.Kind == WorkerEventKind.Restarted));
        Assert.DoesNotContain(host.WorkerEvents, e => e.Kind == WorkerEventKind.Failed);
    }

    [Fact]
    public async Task The_third_error_ends_the_host()
    {
        using var folder = new ScriptFolder().AddTimer("Sweep").AddScript("exit 3");
        await using var host = await FakeFunctionsHost.StartAsync(new() { ScriptRoot = folder.Root });
        await host.Failed.WaitAsync(Host.Limit, Host.Token);
        Assert.Equal(3, host.WorkerEvents.Count(e => e is { Kind: WorkerEventKind.Failed, ExitCode: 3 }));
        Assert.Equal(3, host.WorkerEvents.Count(e => e.Kind == WorkerEventKind.Started));
        await Assert.ThrowsAsync<FunctionsHostException>(host.WaitUntilReadyAsync);
        using var client = new HttpClient();
        using var answer = await client.GetAsync(host.Address, Host.Token);
        Assert.Equal(503, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Errors_more_than_half_an_hour_apart_do_not_add_up()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        using var folder = new ScriptFolder().AddTimer("Sweep");
        var handler = Host.Handler();
        await using var host = await Host.StartAsync(folder, handler, time: time);
        for (var death = 1; death <= 5; death++)
        {
            await host.WaitUntilReadyAsync();
            handler.Workers.Last().End(1);
            await Host.UntilAsync(() => handler.Workers.Count == death + 1, "the next start");
            time.Advance(TimeSpan.FromMinutes(31));
        }

        Assert.False(host.Failed.IsCompleted);
    }

    [Fact]
    public async Task A_worker_that_does_not_answer_in_time_is_an_error()
    {
        using var folder = new ScriptFolder(file => file["customHandler"]!["initializationTimeout"] = "00:00:00.2")
            .AddTimer("Sweep").AddScript("exec sleep 600");
        await using var host = await FakeFunctionsHost.StartAsync(new() { ScriptRoot = folder.Root });
        await host.Failed.WaitAsync(Host.Limit, Host.Token);
        Assert.Contains(host.WorkerEvents, e => e is { Kind: WorkerEventKind.Failed, ExitCode: null });
    }

    [Fact]
    public async Task A_killed_worker_is_started_again_and_invocations_wait_for_it()
    {
        using var folder = new ScriptFolder().AddTimer("Sweep");
        await using var host = await Host.StartAsync(folder, Host.Handler());
        await host.WaitUntilReadyAsync();
        host.KillWorker();
        await Host.UntilAsync(() => host.WorkerEvents.Count(e => e.Kind == WorkerEventKind.Started) == 2, "the second start");
        Assert.True((await host.FireTimerAsync("Sweep")).Succeeded);
    }

    [Fact]
    public async Task An_executable_that_is_not_there_is_refused()
    {
        using var folder = new ScriptFolder().AddTimer("Sweep");
        var error = await Assert.ThrowsAsync<FunctionsHostException>(() => FakeFunctionsHost.StartAsync(new() { ScriptRoot = folder.Root }));
        Assert.Contains("'worker' does not start", error.Message, StringComparison.Ordinal);
    }
}
