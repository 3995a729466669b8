using System.Globalization;

namespace EmailFunctions.Tests.Support;

/// <summary>The example broker of Qpid Proton, which keeps its queues in memory.</summary>
internal sealed class QpidBroker : IRealBroker
{
    private const string Python = "/usr/bin/python3";
    private const string Program = "/usr/share/proton/examples/python/broker.py";
    private const string Library = "/usr/lib/python3/dist-packages/proton";
    private const string InstallCommand =
        "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libqpid-proton11-dev-examples python3-qpid-proton";

    private readonly TempFolder _folder = new();
    private BrokerProcess? _process;

    public int Port { get; } = BrokerProcess.FreePort();

    public string Login => "";

    public bool IsDurable => false;

    /// <summary>Null where it can be started, else what is missing and how to get it.</summary>
    public static string? WhyUnavailable() =>
        OperatingSystem.IsLinux() && File.Exists(Program) && Directory.Exists(Library) ? null : $"Qpid Proton's example broker is not installed: {InstallCommand}";

    // It makes queues on their first use.
    public Task CreateQueueAsync(string queue) => Task.CompletedTask;

    public string NodeOf(string queue) => queue;

    public async Task StartAsync(CancellationToken cancellationToken) => _process = await BrokerProcess.StartAsync(
        _folder.FullPath, [Python, Program, "-a", $"127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}"], [], Port, readyText: "", cancellationToken);

    public async Task StopAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }
}
