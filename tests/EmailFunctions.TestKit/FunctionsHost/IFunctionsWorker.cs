namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>The custom handler as the host sees it: something that listens on the given port, and can end.</summary>
public interface IFunctionsWorker : IAsyncDisposable
{
    /// <summary>Completes with the exit code when the worker has ended, whoever ended it.</summary>
    Task<int> Exited { get; }

    /// <summary>Ends it at once, as SIGKILL does; nothing happens when it has ended.</summary>
    void Kill();
}

/// <summary>What a worker is started with.</summary>
/// <param name="Port">Where it is to listen, on 127.0.0.1.</param>
/// <param name="ScriptRoot">The staged folder.</param>
/// <param name="Executable">Its full path, or a name that is looked for on PATH.</param>
/// <param name="WorkingDirectory">A full path.</param>
/// <param name="Arguments">The command line's, after the executable.</param>
/// <param name="Environment">The whole environment.</param>
/// <param name="Output">Takes each line of standard output.</param>
/// <param name="Error">Takes each line of standard error.</param>
public sealed record WorkerStart(
    int Port, string ScriptRoot, string Executable, string WorkingDirectory, IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment, Action<string> Output, Action<string> Error);
