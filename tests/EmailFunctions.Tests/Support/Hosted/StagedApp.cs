using System.Diagnostics;
using EmailFunctions.Tests.Support.Hosted;

[assembly: AssemblyFixture(typeof(StagedApp))]

namespace EmailFunctions.Tests.Support.Hosted;

/// <summary>
/// The folder that <c>func start</c> and <c>azd</c> take, staged by the documented command, once for all tests of the assembly and when
/// the first of them asks for it.
/// </summary>
public sealed class StagedApp
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    private readonly Lazy<Task<string>> _folder = new(PublishAsync);

    /// <summary>The staged folder.</summary>
    public Task<string> GetFolderAsync() => _folder.Value;

    private static async Task<string> PublishAsync()
    {
        var root = Repository.Root;
        var folder = Path.Combine(root, "artifacts", "functions-tested") + Path.DirectorySeparatorChar;
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = root, RedirectStandardOutput = true };
        foreach (var argument in new[] { "publish", Path.Combine("src", "EmailFunctions"), "-p:PublishProfile=Functions", $"-p:PublishDir={folder}" })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Patience);
        return process.ExitCode == 0 ? folder : throw new InvalidOperationException($"The service can't be published: {await output}");
    }
}
