using EmailFunctions.Load;

// The tool starts itself a second time as the sink, see SinkHost.
if (args is ["sink", var latency])
{
    return await SinkHost.RunAsync(latency);
}

if (args is ["--help"])
{
    Console.WriteLine(LoadOptions.Usage);
    return ExitCodes.Ok;
}

if (LoadOptions.TryParse(args, out var problem) is not { } options)
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine(LoadOptions.Usage);
    return ExitCodes.Usage;
}

try
{
    return await Benchmark.RunAsync(options);
}
catch (LoadException error)
{
    Console.Error.WriteLine($"FAILED: {error.Message}");
    return ExitCodes.Failed;
}
