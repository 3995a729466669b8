using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Infra;

/// <summary>The Bicep compiler, from the package Azure.Bicep.CommandLine.linux-x64. A run takes a second or two of a processor.</summary>
internal static class Bicep
{
    private static readonly string Executable = typeof(Bicep).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static attribute => attribute.Key == "BicepCompiler").Value!;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly Lazy<Task<BicepRun>> Built = new(static () => RunAsync("build", "infra/main.bicep", "--stdout"));

    /// <summary>The template that infra/main.bicep becomes; built once for all tests.</summary>
    public static Task<BicepRun> BuildAsync() => Built.Value;

    /// <summary>Runs it and returns what it printed; skips the test where it can't run.</summary>
    public static async Task<BicepRun> RunAsync(params string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64, "The Bicep compiler's package is for Linux on x64.");
        MakeExecutable();
        var start = new ProcessStartInfo(Executable, arguments)
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        // Not bound to one test: others wait for the same run.
        using var limit = new CancellationTokenSource(Patience);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return new BicepRun(process.ExitCode, await output, await errors);
    }

    // Packages don't keep the bit on every system.
    private static void MakeExecutable()
    {
        if (OperatingSystem.IsWindows())
            return;
        var mode = File.GetUnixFileMode(Executable);
        if (!mode.HasFlag(UnixFileMode.UserExecute))
            File.SetUnixFileMode(Executable, mode | UnixFileMode.UserExecute);
    }
}

/// <summary>What the compiler said.</summary>
internal sealed record BicepRun(int ExitCode, string Output, string Errors)
{
    /// <summary>Fails unless it was content: no error, no warning.</summary>
    public void AssertClean()
    {
        Assert.Equal("", Errors);
        Assert.Equal(0, ExitCode);
    }
}
