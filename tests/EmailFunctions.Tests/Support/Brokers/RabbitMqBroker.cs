using System.Globalization;
using Amqp;
using Amqp.Framing;

namespace EmailFunctions.Tests.Support;

/// <summary>RabbitMQ with its plugin for AMQP 1.0, as a node of its own: nothing of an installed server's is read or written.</summary>
internal sealed class RabbitMqBroker : IRealBroker
{
    private const string Home = "/usr/lib/rabbitmq/lib";
    private const string InstallCommand = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends rabbitmq-server";

    // The port mapper of Erlang would stay behind as a daemon; as a child it goes with the group.
    private const string Script = "epmd -port \"$ERL_EPMD_PORT\" -address 127.0.0.1 & exec \"$0\"";

    private readonly TempFolder _folder = new();
    private readonly int _distributionPort = BrokerProcess.FreePort();
    private readonly int _mapperPort = BrokerProcess.FreePort();
    private BrokerProcess? _process;

    public int Port { get; } = BrokerProcess.FreePort();

    public string Login => "guest:guest";

    public bool IsDurable => true;

    /// <summary>Null where it can be started, else what is missing and how to get it.</summary>
    public static string? WhyUnavailable() =>
        !OperatingSystem.IsLinux() || FindServer() is null ? $"RabbitMQ is not installed: {InstallCommand}" : null;

    // A link from an address with this prefix makes the queue, as durable as its source.
    public async Task CreateQueueAsync(string queue)
    {
        var connection = await Connection.Factory.CreateAsync(new Address($"amqp://{Login}@127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}"));
        var attached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var link = new ReceiverLink(
            new Session(connection), "maker", new Source { Address = $"/queue/{queue}", Durable = 1 }, (_, _) => attached.TrySetResult());
        await attached.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await link.CloseAsync();
        await connection.CloseAsync();
    }

    public string NodeOf(string queue) => $"/amq/queue/{queue}";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(At("plugins"), "[rabbitmq_amqp1_0].", cancellationToken);
        await File.WriteAllTextAsync(
            At("rabbitmq.conf"),
            $"listeners.tcp.1 = 127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}\nlog.console = true\nlog.console.level = info\nlog.file = false\n",
            cancellationToken);
        _process = await BrokerProcess.StartAsync(
            _folder.FullPath, ["/bin/sh", "-c", Script, FindServer()!], Environment(), Port, "Server startup complete", cancellationToken);
    }

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

    private static string? FindServer() =>
        Directory.Exists(Home)
            ? Directory.EnumerateDirectories(Home, "rabbitmq_server-*").Select(static folder => Path.Combine(folder, "sbin", "rabbitmq-server")).FirstOrDefault(File.Exists)
            : null;

    private string At(string name) => _folder.Combine(name);

    private Dictionary<string, string> Environment() => new()
    {
        ["HOME"] = _folder.FullPath,
        ["ERL_EPMD_PORT"] = _mapperPort.ToString(CultureInfo.InvariantCulture),
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        ["RABBITMQ_NODENAME"] = $"test{Port.ToString(CultureInfo.InvariantCulture)}@localhost",
        ["RABBITMQ_DIST_PORT"] = _distributionPort.ToString(CultureInfo.InvariantCulture),
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
        ["RABBITMQ_CONF_ENV_FILE"] = At("none"),
        ["RABBITMQ_CONFIG_FILE"] = At("rabbitmq.conf"),
        ["RABBITMQ_ADVANCED_CONFIG_FILE"] = At("advanced.config"),
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = At("plugins"),
        ["RABBITMQ_MNESIA_BASE"] = At("mnesia"),
        ["RABBITMQ_LOG_BASE"] = At("log"),
        ["RABBITMQ_FEATURE_FLAGS_FILE"] = At("feature-flags"),
        ["RABBITMQ_GENERATED_CONFIG_DIR"] = At("generated"),
        ["RABBITMQ_SCHEMA_DIR"] = At("schema"),
        ["RABBITMQ_PID_FILE"] = At("pid"),
    };
}
