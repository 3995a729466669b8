using EmailFunctions.Fairness;
using EmailFunctions.Load;

// The tool starts itself a second time as the sink, see SinkHost.
if (args is ["sink", var latency])
{
    return await SinkHost.RunAsync(latency);
}

if (args is ["--help"])
{
    Console.WriteLine(FairnessOptions.Usage);
    return ExitCodes.Ok;
}

if (FairnessOptions.TryParse(args, out var problem) is not { } options)
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine(FairnessOptions.Usage);
    return ExitCodes.Usage;
}

try
{
    return await FairnessBenchmark.RunAsync(options);
}
catch (LoadException error)
{
    Console.Error.WriteLine($"FAILED: {error.Message}");
    return ExitCodes.Failed;
}
