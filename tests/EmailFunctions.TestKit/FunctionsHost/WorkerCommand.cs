using System.Globalization;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>Makes the command line and the environment of the worker.</summary>
internal static class WorkerCommand
{
    // What a process cannot do without; all else is for the app settings to say, whatever the shell of the tests has.
    private static readonly string[] Inherited = ["PATH", "HOME", "TMPDIR", "TEMP", "LANG", "DOTNET_ROOT", "SystemRoot"];

    public static WorkerStart Make(HostFile file, AppSettings settings, string scriptRoot, int port, HostLog log)
    {
        var root = Path.GetFullPath(scriptRoot);
        var executable = settings.Expand(file.Executable!);
        var own = Path.GetFullPath(executable, root);
        return new WorkerStart(
            port, root, File.Exists(own) ? own : executable, Path.GetFullPath(settings.Expand(file.WorkingDirectory ?? "."), root),
            [.. file.Arguments.Select(settings.Expand)], Environment(settings, root, port), log.AddOutput, log.AddError);
    }

    private static Dictionary<string, string> Environment(AppSettings settings, string root, int port)
    {
        var environment = new Dictionary<string, string>();
        foreach (var name in Inherited)
        {
            if (System.Environment.GetEnvironmentVariable(name) is { } value)
            {
                environment[name] = value;
            }
        }

        foreach (var (name, value) in settings.All)
        {
            environment[name] = value;
        }

        var id = Guid.NewGuid().ToString();
        environment["FUNCTIONS_CUSTOMHANDLER_PORT"] = port.ToString(CultureInfo.InvariantCulture);
        environment["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"] = id;
        environment["FUNCTIONS_HTTPWORKER_PORT"] = environment["FUNCTIONS_CUSTOMHANDLER_PORT"];
        environment["FUNCTIONS_HTTPWORKER_ID"] = id;
        environment["FUNCTIONS_APP_ROOT_PATH"] = root;
        return environment;
    }
}
