using System.Diagnostics;

namespace EmailFunctions.Tests.Support;

/// <summary>Prometheus' own checker of rules and metrics.</summary>
internal static class PromTool
{
    private const string Program = "/usr/bin/promtool";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Null where it can be run, else what is missing and how to get it.</summary>
    public static string? WhyUnavailable() =>
        File.Exists(Program) ? null : "promtool is not installed: apt-get update && apt-get install -y --no-install-recommends prometheus";

    /// <summary>Runs it and returns its exit code and all that it printed; skips the test where it is not installed.</summary>
    /// <param name="input">Its standard input.</param>
    /// <param name="arguments">Its arguments.</param>
    public static async Task<(int ExitCode, string Output)> RunAsync(string input, params string[] arguments)
    {
        Assert.SkipWhen(WhyUnavailable() is not null, WhyUnavailable() ?? "");
        var start = new ProcessStartInfo(Program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
        process.StandardInput.Close();
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output + await errors);
    }
}
