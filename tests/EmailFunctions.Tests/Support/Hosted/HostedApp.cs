using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using EmailFunctions.TestKit;
using EmailFunctions.TestKit.FunctionsHost;
using EmailFunctions.TestKit.ServiceBus;

namespace EmailFunctions.Tests.Support.Hosted;

/// <summary>
/// The published service under the stand-in for the Functions host, with Azurite, a stand-in for Service Bus and an SMTP server: what
/// runs in Azure, but for Azure. The service's names of tables and queues are fixed, so tests that use it run one after another.
/// </summary>
internal sealed class HostedApp : IAsyncDisposable
{
    private static readonly string[] QueueTriggers = ["IngestEmail", "DispatchEmail", "RecoverIngest", "RecoverDispatch"];

    private HostedApp(string folder, StorageProxy tables, HostedOptions options, string storage)
    {
        Tables = tables;
        Options = options;
        _folder = folder;
        _storage = storage;
        if (options.Queue == "servicebus")
        {
            Broker = ServiceBusBroker.Start();
            foreach (var queue in new[] { "email-in", "email-dispatch" })
                Broker.CreateQueue(queue, new ServiceBusQueueOptions { LockDuration = TimeSpan.FromMinutes(5) });
        }
    }

    private readonly string _folder;
    private readonly string _storage;

    public HostedOptions Options { get; }

    /// <summary>The requests to the table service go through it.</summary>
    public StorageProxy Tables { get; }

    /// <summary>The stand-in for Service Bus; null with Storage Queues.</summary>
    public ServiceBusBroker? Broker { get; }

    /// <summary>Takes the mail.</summary>
    public SmtpSink Sink { get; } = SmtpSink.Start(new SmtpSinkOptions { CaptureHeaders = ["Message-ID", "Subject"] });

    /// <summary>The first host.</summary>
    public FakeFunctionsHost Host => Hosts[0];

    /// <summary>All hosts, which share store and queues as instances of one app do.</summary>
    public List<FakeFunctionsHost> Hosts { get; } = [];

    /// <summary>Calls the app as the public does.</summary>
    public HttpClient Client { get; private set; } = new();

    /// <summary>Starts an app on an empty store.</summary>
    public static async Task<HostedApp> StartAsync(StagedApp staged, string azurite, HostedOptions? options = null)
    {
        options ??= new HostedOptions();
        await EmptyAsync(azurite);
        var endpoints = StorageEndpoints.Of(azurite);
        var tables = await StorageProxy.StartAsync(endpoints.Tables);
        var app = new HostedApp(await staged.GetFolderAsync(), tables, options, endpoints.WithTables(new Uri(tables.Address, endpoints.Tables.AbsolutePath)));
        try
        {
            await app.AddHostAsync();
            app.Client = new HttpClient { BaseAddress = app.Host.Address };
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts another instance.</summary>
    public async Task<FakeFunctionsHost> AddHostAsync()
    {
        var host = await FakeFunctionsHost.StartAsync(new FunctionsHostOptions
        {
            ScriptRoot = _folder,
            Settings = Settings(),
            HttpMode = Options.HttpMode,
            RunTimers = Options.RunTimers,
            QueueLease = Options.QueueLease,
            ServiceBusAddress = Broker is null ? null : new Uri($"amqp://127.0.0.1:{Broker.Port}"),
        });
        Hosts.Add(host);
        await host.WaitUntilReadyAsync();
        return host;
    }

    /// <summary>Gives a tenant a configuration for the SMTP server.</summary>
    public async Task ConfigureAsync(string tenant, string more = "")
    {
        using var answer = await PostAsync($"/api/v1/email/configs/{tenant}", $$"""{"provider_type":"smtp","smtp_host":"127.0.0.1","smtp_port":{{Sink.Port}},"smtp_use_tls":false,"from_email":"{{tenant}}@example.com"{{more}}}""");
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancellation) + Say());
    }

    /// <summary>Sends a message and returns its id.</summary>
    public async Task<string> SendAsync(string tenant, string subject = "Hello")
    {
        using var answer = await PostAsync("/api/v1/email/send", $$"""{"tenant_id":"{{tenant}}","to":["zoe@example.com"],"subject":"{{subject}}","body":"Hi"}""");
        var body = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.StatusCode == System.Net.HttpStatusCode.Accepted, body);
        return JsonNode.Parse(body)!["message_id"]!.GetValue<string>();
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json) =>
        Client.PostAsync(new Uri(path, UriKind.Relative), ServiceHost.Json(json), Cancellation);

    public async Task<JsonObject> GetAsync(string path) => (await Client.GetFromJsonAsync<JsonObject>(new Uri(path, UriKind.Relative), Cancellation))!;

    /// <summary>Puts a message on the queue that is open to producers.</summary>
    public async Task ProduceAsync(string json)
    {
        var body = System.Text.Encoding.UTF8.GetBytes(json);
        if (Broker is null)
        {
            var queue = new QueueClient(_storage, "email-in", new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
            await queue.CreateIfNotExistsAsync(cancellationToken: Cancellation);
            await queue.SendMessageAsync(new BinaryData(body), cancellationToken: Cancellation);
            return;
        }

        var connection = await new Amqp.ConnectionFactory { SASL = { Profile = Amqp.Sasl.SaslProfile.Anonymous } }.CreateAsync(new Amqp.Address($"amqp://127.0.0.1:{Broker.Port}"));
        var sender = new Amqp.SenderLink(new Amqp.Session(connection), "producer", "email-in");
        await sender.SendAsync(new Amqp.Message { BodySection = new Amqp.Framing.Data { Binary = body }, Properties = new Amqp.Framing.Properties { MessageId = $"{Guid.NewGuid():N}" } });
        await connection.CloseAsync();
    }

    /// <summary>All dead letters, the parked ones among them.</summary>
    public async Task<List<JsonObject>> DeadLettersAsync()
    {
        var letters = new List<JsonObject>();
        JsonObject page;
        var cursor = "";
        do
        {
            page = await GetAsync($"/api/v1/admin/email/dead-letters?limit=200{cursor}");
            letters.AddRange(page["dead_letters"]!.AsArray().Select(static letter => letter!.AsObject()));
            cursor = $"&cursor={Uri.EscapeDataString(page["next_cursor"]?.GetValue<string>() ?? "")}";
        }
        while (page["has_more"]!.GetValue<bool>());
        return letters;
    }

    /// <summary>Waits until something holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds, TimeSpan patience, Func<string> say)
    {
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(deadline.Elapsed < patience, say());
            await Task.Delay(100, Cancellation);
        }
    }

    /// <summary>What the service and its host have said, for a test that fails.</summary>
    public string Say() => string.Join('\n', Hosts.SelectMany(static host => host.Problems.Concat(host.Output).Concat(host.Errors)).TakeLast(60));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        foreach (var host in Hosts)
            await host.DisposeAsync();
        if (Broker is not null)
            await Broker.DisposeAsync();
        await Sink.DisposeAsync();
        await Tables.DisposeAsync();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Dictionary<string, string> Settings()
    {
        var settings = new Dictionary<string, string>
        {
            ["EMAIL_MODE"] = "azure",
            ["EMAIL_QUEUE"] = Options.Queue,
            ["EMAIL_AUTH"] = "none",
            ["EMAIL_ENCRYPTION_KEY"] = Convert.ToBase64String(new byte[32]),
            ["EMAIL_FROM_EMAIL"] = "system@example.com",
            ["AzureWebJobsStorage"] = _storage,
        };
        if (Broker is not null)
            settings["ServiceBus"] = $"Endpoint=sb://127.0.0.1:{Broker.Port};SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;";
        foreach (var name in QueueTriggers)
            settings[$"AzureWebJobs.{name}{(Broker is null ? "" : "FromStorage")}.Disabled"] = "true";
        foreach (var (name, value) in Options.Settings)
            settings[name] = value;
        if (settings.ContainsKey("EMAIL_KEY_VAULT_KEY"))
            settings.Remove("EMAIL_ENCRYPTION_KEY");
        return settings;
    }

    private static async Task EmptyAsync(string azurite)
    {
        await new TableServiceClient(azurite).DeleteTableAsync("emailfunctions", Cancellation);
        await new BlobContainerClient(azurite, "email-payloads").DeleteIfExistsAsync(cancellationToken: Cancellation);
        foreach (var queue in new[] { "email-in", "email-dispatch", "email-in-poison", "email-dispatch-poison" })
            await new QueueClient(azurite, queue).DeleteIfExistsAsync(Cancellation);
    }
}

/// <summary>How an app is set up.</summary>
internal sealed record HostedOptions
{
    /// <summary><c>servicebus</c> or <c>storagequeue</c>.</summary>
    public string Queue { get; init; } = "servicebus";

    public HttpMode HttpMode { get; init; } = HttpMode.Proxying;

    /// <summary>Whether timers run by their schedules.</summary>
    public bool RunTimers { get; init; }

    /// <summary>How long the host keeps a Storage queue's message to itself at a time.</summary>
    public TimeSpan QueueLease { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Further settings.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}

/// <summary>The parts of a storage account's connection string.</summary>
internal sealed record StorageEndpoints(Dictionary<string, string> Parts)
{
    public Uri Tables => new(Parts["TableEndpoint"]);

    public static StorageEndpoints Of(string connectionString) => new(connectionString.Split(';', StringSplitOptions.RemoveEmptyEntries)
        .Select(static part => part.Split('=', 2)).ToDictionary(static part => part[0], static part => part[1], StringComparer.OrdinalIgnoreCase));

    /// <summary>The same account, whose tables are elsewhere.</summary>
    public string WithTables(Uri tables) =>
        string.Concat(Parts.Select(part => $"{part.Key}={(part.Key.Equals("TableEndpoint", StringComparison.OrdinalIgnoreCase) ? tables.ToString().TrimEnd('/') : part.Value)};"));
}
