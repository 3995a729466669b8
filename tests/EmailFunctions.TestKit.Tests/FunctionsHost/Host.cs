using EmailFunctions.TestKit.FunctionsHost;
using Microsoft.AspNetCore.Http;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

/// <summary>Starts hosts for tests, and waits for what they do.</summary>
internal static class Host
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static ScriptedWorker.Handler Handler(Func<HttpContext, Task>? answer = null) => new(answer ?? Answers.Success);

    public static Task<FakeFunctionsHost> StartAsync(
        ScriptFolder folder, ScriptedWorker.Handler handler, Func<FunctionsHostOptions, FunctionsHostOptions>? change = null, TimeProvider? time = null)
    {
        var options = new FunctionsHostOptions { ScriptRoot = folder.Root, Worker = handler.Start, RunTimers = false };
        return FakeFunctionsHost.StartAsync(change?.Invoke(options) ?? options, time);
    }

    /// <summary>A host whose only function is a timer, to try answers on.</summary>
    public static async Task<InvocationRecord> RunOnceAsync(Func<HttpContext, Task> answer, string functionTimeout = "00:00:30")
    {
        using var folder = new ScriptFolder(file => file["functionTimeout"] = functionTimeout).AddTimer("Sweep");
        await using var host = await StartAsync(folder, Handler(answer));
        return await host.FireTimerAsync("Sweep");
    }

    /// <summary>Waits until something is so.</summary>
    public static async Task UntilAsync(Func<bool> holds, string what)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Limit);
        while (!holds())
        {
            Assert.False(limit.IsCancellationRequested, $"It did not happen in time: {what}.");
            await Task.Delay(10, Token);
        }
    }
}
