using System.Collections.Concurrent;
using EmailFunctions.Access;
using EmailFunctions.Configs;
using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Payloads;
using EmailFunctions.Payloads.Files;
using EmailFunctions.Providers;
using EmailFunctions.Queueing;
using EmailFunctions.Sending;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tenants;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Support;

/// <summary>
/// The service's own parts for accepting and delivering, put together as the service does, on a fake clock and without a pump: a
/// test dispatches by hand. The table counts and fails on demand, the queue is a list, and the provider is a fake.
/// </summary>
internal sealed class DeliveryBench : IAsyncDisposable
{
    private readonly ServiceHost _host;

    public DeliveryBench(IReadOnlyDictionary<string, string>? settings = null, ClaimPolicy? claims = null, Func<IPayloadStore, IPayloadStore>? payloads = null)
    {
        _host = ServiceHost.Start(settings, services =>
        {
            services.RemoveAll<IHostedService>();
            services.Replace(ServiceDescriptor.Singleton<TimeProvider>(Clock));
            services.Replace(ServiceDescriptor.Singleton<IEntityTable>(static provider => new FaultyTable(new SqliteEntityTable(provider.GetRequiredService<SqliteDatabase>()))));
            services.Replace(ServiceDescriptor.Singleton<IDeliveryQueue>(Queue));
            services.RemoveAll<IEmailProvider>();
            services.AddSingleton<IEmailProvider>(Provider).AddSingleton<IEmailProvider>(Primary).AddSingleton<IEmailProvider>(Fallback);
            services.Replace(ServiceDescriptor.Singleton<IRandom>(new FixedRandom()));
            if (payloads is not null)
                services.Replace(ServiceDescriptor.Singleton(provider => payloads(new FilePayloadStore(Path.Combine(provider.GetRequiredService<DataFolder>().FullPath, "payloads")))));
            if (claims is not null)
                services.Replace(ServiceDescriptor.Singleton(claims));
        });
        Table = (FaultyTable)_host.Services.GetRequiredService<IEntityTable>();
    }

    public static TenantId Tenant { get; } = Parse("acme");

    /// <summary>Calls the service over HTTP.</summary>
    public HttpClient Client => _host.Client;

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));

    public FaultyTable Table { get; }

    public ListQueue Queue { get; } = new();

    /// <summary>Of type <c>file</c>; also the system default.</summary>
    public FakeProvider Provider { get; } = new();

    /// <summary>Of type <c>smtp</c>, for a tenant that <see cref="RouteAsync"/> gives two of its own.</summary>
    public FakeProvider Primary { get; } = new(ProviderType.Smtp);

    /// <summary>Of type <c>console</c>, beside it.</summary>
    public FakeProvider Fallback { get; } = new(ProviderType.Console);

    public Ledger Ledger => Get<Ledger>();

    public T Get<T>() where T : notnull => _host.Services.GetRequiredService<T>();

    public string PayloadFolder => _host.Data.Combine("payloads");

    /// <summary>Accepts a message of the tenant.</summary>
    public async Task<MessageId> AcceptAsync(int recipients = 1, int bodyBytes = 10, string? key = null, TenantId? tenant = null, string? from = null)
    {
        var content = new EmailContent
        {
            To = [.. Enumerable.Range(0, recipients).Select(static n => $"r{n}@example.com")],
            Subject = "Hello",
            Text = new string('x', bodyBytes),
            FromEmail = from,
        };
        var accepted = await Get<MessageAcceptor>().AcceptAsync(new Submission(tenant ?? Tenant, content, key, null), TestContext.Current.CancellationToken);
        return MessageId.TryParse(accepted.MessageId, out var id) ? id : throw new InvalidOperationException();
    }

    public Task DispatchAsync(MessageId id) => Get<MessageDispatcher>().DispatchAsync(id, TestContext.Current.CancellationToken);

    /// <summary>
    /// Lets a time pass, and handles what comes due on the queue within it, in order of time; what is there but not yet due waits.
    /// </summary>
    public async Task RunQueueAsync(TimeSpan time)
    {
        var end = Clock.GetUtcNow() + time;
        while (Queue.TakeFirst(end) is { } message)
        {
            // Past its time, before which a slot's copy would wait in the process.
            var due = (message.VisibleAt ?? Clock.GetUtcNow()) + TimeSpan.FromMilliseconds(100);
            if (due > Clock.GetUtcNow())
                Clock.Advance(due - Clock.GetUtcNow());
            await Get<DispatchFunction>().RunAsync(message.Body, TestContext.Current.CancellationToken);
        }

        if (end > Clock.GetUtcNow())
            Clock.Advance(end - Clock.GetUtcNow());
    }

    /// <summary>Gives the tenant a configuration.</summary>
    public Task ConfigureAsync(string json) => Get<ConfigService>().ReplaceAsync(
        Tenant, System.Text.Json.JsonSerializer.Deserialize(json, ConfigJson.Default.ConfigFields)!, expectedETag: null, Caller.Desk, TestContext.Current.CancellationToken);

    /// <summary>Lets the tenant send through <see cref="Primary"/>, and through <see cref="Fallback"/> what that can't take.</summary>
    public Task RouteAsync(string more = "") => ConfigureAsync($$"""
        {"provider_type":"smtp","smtp_host":"mail.example.com","from_email":"a@example.com","cost_per_email_usd":0.001,
         "fallback":{"provider_type":"console","cost_per_email_usd":0.003}{{more}}}
        """);

    /// <summary>Changes the tenant's configuration, without changing what it does.</summary>
    public Task ChangeConfigAsync() => ConfigureAsync("""{"provider_type":"file","from_email":"b@example.com"}""");

    /// <summary>The message's row.</summary>
    public async Task<LedgerEntry> ReadAsync(MessageId id) => (await Ledger.GetAsync(id, TestContext.Current.CancellationToken))!;

    /// <summary>All rows of the tenant whose name has this prefix.</summary>
    public async Task<IReadOnlyList<Entity>> RowsAsync(string prefix) =>
        (await Table.QueryAsync(EntityQuery.Prefix(Tenant.Partition, prefix), TestContext.Current.CancellationToken)).Entities;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static TenantId Parse(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    private sealed class FixedRandom : IRandom
    {
        public double NextDouble() => 0.5;
    }
}

/// <summary>A queue that only remembers.</summary>
internal sealed class ListQueue : IDeliveryQueue
{
    public TimeSpan LongestDelay { get; set; } = TimeSpan.MaxValue;

    public ConcurrentQueue<QueueMessage> Messages { get; } = [];

    /// <summary>How often something was put on it.</summary>
    public int Operations { get; private set; }

    public bool IsDown { get; set; }

    /// <summary>Takes the one that is due first, and until <paramref name="end"/>; null where there is none.</summary>
    public QueueMessage? TakeFirst(DateTimeOffset end)
    {
        var all = Messages.OrderBy(static message => message.VisibleAt ?? DateTimeOffset.MinValue).ToList();
        if (all.Count == 0 || all[0].VisibleAt > end)
            return null;
        Messages.Clear();
        foreach (var message in all.Skip(1))
            Messages.Enqueue(message);
        return all[0];
    }

    public Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
    {
        if (IsDown)
            throw new StoreUnavailableException("The queue is down, says the test.");
        Operations++;
        foreach (var message in messages)
            Messages.Enqueue(message);
        return Task.CompletedTask;
    }
}
