using EmailFunctions.Load;
using EmailFunctions.Memory;

// The tool starts itself again as the servers that take the mail, see SinkHost and VendorHost.
if (args is ["sink", var latency])
{
    return await SinkHost.RunAsync(latency);
}

if (args is ["vendor"])
{
    return await VendorHost.RunAsync();
}

if (args is ["--help"])
{
    Console.WriteLine(MemoryOptions.Usage);
    return ExitCodes.Ok;
}

if (MemoryOptions.TryParse(args, out var problem) is not { } options)
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine(MemoryOptions.Usage);
    return ExitCodes.Usage;
}

try
{
    await MemoryBenchmark.RunAsync(options);
    return ExitCodes.Ok;
}
catch (LoadException error)
{
    Console.Error.WriteLine($"FAILED: {error.Message}");
    return ExitCodes.Failed;
}
