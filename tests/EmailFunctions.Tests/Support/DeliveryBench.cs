using System.Collections.Concurrent;
using EmailFunctions.Delivery;
using EmailFunctions.Messages;
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

    public DeliveryBench(IReadOnlyDictionary<string, string>? settings = null, ClaimPolicy? claims = null)
    {
        _host = ServiceHost.Start(settings, services =>
        {
            services.RemoveAll<IHostedService>();
            services.Replace(ServiceDescriptor.Singleton<TimeProvider>(Clock));
            services.Replace(ServiceDescriptor.Singleton<IEntityTable>(static provider => new FaultyTable(new SqliteEntityTable(provider.GetRequiredService<SqliteDatabase>()))));
            services.Replace(ServiceDescriptor.Singleton<IDeliveryQueue>(Queue));
            services.RemoveAll<IEmailProvider>();
            services.AddSingleton<IEmailProvider>(Provider);
            services.Replace(ServiceDescriptor.Singleton<IRandom>(new FixedRandom()));
            if (claims is not null)
                services.Replace(ServiceDescriptor.Singleton(claims));
        });
        Table = (FaultyTable)_host.Services.GetRequiredService<IEntityTable>();
    }

    public static TenantId Tenant { get; } = Parse("acme");

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));

    public FaultyTable Table { get; }

    public ListQueue Queue { get; } = new();

    public FakeProvider Provider { get; } = new();

    public Ledger Ledger => Get<Ledger>();

    public T Get<T>() where T : notnull => _host.Services.GetRequiredService<T>();

    public string PayloadFolder => _host.Data.Combine("payloads");

    /// <summary>Accepts a message of the tenant.</summary>
    public async Task<MessageId> AcceptAsync(int recipients = 1, int bodyBytes = 10, string? key = null)
    {
        var content = new EmailContent
        {
            To = [.. Enumerable.Range(0, recipients).Select(static n => $"r{n}@example.com")],
            Subject = "Hello",
            Text = new string('x', bodyBytes),
        };
        var accepted = await Get<MessageAcceptor>().AcceptAsync(new Submission(Tenant, content, key, null), TestContext.Current.CancellationToken);
        return MessageId.TryParse(accepted.MessageId, out var id) ? id : throw new InvalidOperationException();
    }

    public Task DispatchAsync(MessageId id) => Get<MessageDispatcher>().DispatchAsync(id, TestContext.Current.CancellationToken);

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
    public ConcurrentQueue<QueueMessage> Messages { get; } = [];

    public bool IsDown { get; set; }

    public Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
    {
        if (IsDown)
            throw new StoreUnavailableException("The queue is down, says the test.");
        foreach (var message in messages)
            Messages.Enqueue(message);
        return Task.CompletedTask;
    }
}
