using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>host.json, with the overrides of the app settings.</summary>
internal sealed class HostFile
{
    private static readonly TimeSpan DefaultFunctionTimeout = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan DefaultInitializationTimeout = TimeSpan.FromSeconds(30);

    private readonly IConfiguration _file;

    // For the worker of .NET the host ignores the bundle.
    private readonly bool _isDotNet;

    private HostFile(IConfiguration file, bool isDotNet) => (_file, _isDotNet) = (file, isDotNet);

    public string? Executable => Description("defaultExecutablePath");

    public string? WorkingDirectory => Description("workingDirectory");

    public IReadOnlyList<string> Arguments =>
        [.. _file.GetSection("customHandler:description:arguments").GetChildren().Select(argument => argument.Value ?? "")];

    public bool Proxying => AppSettings.IsTrue(_file["customHandler:enableProxyingHttpRequest"]);

    public bool Forwarding => AppSettings.IsTrue(_file["customHandler:enableForwardingHttpRequest"]);

    /// <summary>How long the worker may take until it answers.</summary>
    public TimeSpan InitializationTimeout => Time("customHandler:initializationTimeout") ?? DefaultInitializationTimeout;

    /// <summary>How long an invocation may take; infinite for -1.</summary>
    public TimeSpan FunctionTimeout =>
        _file["functionTimeout"] is "-1" ? Timeout.InfiniteTimeSpan : Time("functionTimeout") ?? DefaultFunctionTimeout;

    /// <summary>Whether triggers are known that don't come with the host itself.</summary>
    public bool HasExtensions => _file["extensionBundle:id"] is { Length: > 0 } && !_isDotNet;

    public string RoutePrefix => _file["extensions:http:routePrefix"] ?? "api";

    public int MaxConcurrentCalls => Number("extensions:serviceBus:maxConcurrentCalls") ?? 16 * Environment.ProcessorCount;

    public int BatchSize => Number("extensions:queues:batchSize") ?? 16;

    /// <summary>The next batch is fetched when no more than that many messages are being handled.</summary>
    public int NewBatchThreshold => Number("extensions:queues:newBatchThreshold") ?? BatchSize / 2 * Environment.ProcessorCount;

    public int MaxDequeueCount => Number("extensions:queues:maxDequeueCount") ?? 5;

    /// <summary>How long a message is invisible after a failure.</summary>
    public TimeSpan VisibilityTimeout => Time("extensions:queues:visibilityTimeout") ?? TimeSpan.Zero;

    public TimeSpan MaxPollingInterval => Time("extensions:queues:maxPollingInterval") ?? TimeSpan.FromMinutes(1);

    public bool Base64Messages =>
        !string.Equals(_file["extensions:queues:messageEncoding"], "none", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="FunctionsHostException">The host would not start with it.</exception>
    public static HostFile Read(string scriptRoot, AppSettings settings)
    {
        var path = Path.Combine(scriptRoot, "host.json");
        if (!File.Exists(path))
        {
            throw new FunctionsHostException("There is no host.json.");
        }

        IConfiguration file;
        try
        {
            file = new ConfigurationBuilder().AddJsonFile(path).AddInMemoryCollection(settings.HostOverrides).Build();
        }
        catch (InvalidDataException error)
        {
            throw new FunctionsHostException($"host.json is not JSON: {error.InnerException?.Message}");
        }

        var host = new HostFile(file, settings.Find("FUNCTIONS_WORKER_RUNTIME")?.StartsWith("dotnet", StringComparison.OrdinalIgnoreCase) is true);
        host.Check();
        return host;
    }

    private void Check()
    {
        if (_file["version"] is not "2.0")
        {
            throw new FunctionsHostException("host.json: version must be \"2.0\".");
        }

        if (string.IsNullOrEmpty(Executable))
        {
            throw new FunctionsHostException("host.json: customHandler.description.defaultExecutablePath is missing.");
        }

        if (_file.GetSection("customHandler:http:routes").GetChildren().Any() || _file["configurationProfile"] is not null)
        {
            throw new FunctionsHostException("host.json: customHandler.http.routes and configurationProfile exclude function.json files.");
        }

        // Read once, so that a value that is none is reported at the start.
        _ = (InitializationTimeout, FunctionTimeout, MaxConcurrentCalls, NewBatchThreshold, MaxDequeueCount, VisibilityTimeout, MaxPollingInterval);
        if (BatchSize is < 1 or > 32)
        {
            throw new FunctionsHostException("host.json: extensions.queues.batchSize must be from 1 to 32.");
        }
    }

    private string? Description(string key) => _file["customHandler:description:" + key];

    private TimeSpan? Time(string key) => _file[key] switch
    {
        null => null,
        var text when TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && time >= TimeSpan.Zero => time,
        var text => throw new FunctionsHostException($"host.json: {key} is '{text}', which is no time as hh:mm:ss."),
    };

    private int? Number(string key) => _file[key] switch
    {
        null => null,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        var text => throw new FunctionsHostException($"host.json: {key} is '{text}', which is no number."),
    };
}
