using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Local;
using EmailFunctions.Keys;
using EmailFunctions.Keys.Local;
using EmailFunctions.Limits;
using EmailFunctions.Payloads;
using EmailFunctions.Payloads.Files;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Console;
using EmailFunctions.Providers.File;
using EmailFunctions.Queueing;
using EmailFunctions.Queueing.Sqlite;
using EmailFunctions.Settings;
using EmailFunctions.Spooling;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;

namespace EmailFunctions.Composition;

/// <summary>The adapters of a desk: everything in one folder, and the pump and timers that Azure has outside.</summary>
internal static class LocalComposition
{
    public static void AddLocalAdapters(this IServiceCollection services, ServiceSettings settings)
    {
        services.AddSingleton(_ => DataFolder.Open(settings.DataFolder));
        services.AddSingleton<SqliteDatabase>();
        services.AddSingleton<IEntityTable, SqliteEntityTable>();
        services.AddSingleton<IPayloadStore>(static provider => new FilePayloadStore(PathIn(provider, "payloads")));
        services.AddSingleton(static provider => Spools.In(() => PathIn(provider, "spool")));
        AddQueue(services);
        services.AddSingleton(provider => LocalKeys.Open(settings, provider.GetRequiredService<DataFolder>().FullPath)).AddKeyWrapper<LocalKeyWrapper>();
        services.AddDeskProviders(static provider => provider.GetRequiredService<DataFolder>().FullPath);
        services.AddSingleton(new ClaimPolicy(Guid.NewGuid().ToString("N"), IsOnlyProcess: true)).AddSingleton(SlotTiming.OneProcess);
        services.AddSingleton(new PlaceSettings(settings.Pump.Concurrency));
        services.AddHostedService<LocalStart>();
        services.AddHostedService<LocalTimers>();
        // With sending switched off, what is queued waits.
        if (settings.Sending.Enabled)
            services.AddHostedService<LocalPump>();
    }

    /// <summary>The providers that send nothing anywhere.</summary>
    public static void AddDeskProviders(this IServiceCollection services, Func<IServiceProvider, string> folder)
    {
        services.AddSingleton<IEmailProvider>(provider => new FileProvider(Path.Combine(folder(provider), "mail")));
        services.AddSingleton<IEmailProvider>(static _ => new ConsoleProvider(Console.Out));
    }

    private static void AddQueue(IServiceCollection services)
    {
        services.AddSingleton(static provider => new SqliteQueue(
            provider.GetRequiredService<SqliteDatabase>(), provider.GetRequiredService<TimeProvider>(), QueueNames.Dispatch));
        services.AddSingleton<IDeliveryQueue>(static provider => provider.GetRequiredService<SqliteQueue>());
        services.AddSingleton(static provider => OutboxOf(provider.GetRequiredService<IEntityTable>(), provider.GetRequiredService<IDeliveryQueue>()));
        services.AddSingleton<IQueueReceiver>(static provider => provider.GetRequiredService<SqliteQueue>());
        services.AddSingleton<IQueueProbe>(static provider => provider.GetRequiredService<SqliteQueue>());
        services.AddSingleton<IQueueSize>(static provider => provider.GetRequiredService<SqliteQueue>());
        services.AddSingleton<IQueueSize>(new UncountedQueue(QueueNames.Ingest, "On a desk there is no queue for event producers."));
    }

    // Whoever puts something before the table or the queue sees all that goes there.
    private static IOutbox OutboxOf(IEntityTable table, IDeliveryQueue queue) =>
        table is SqliteEntityTable local && queue is SqliteQueue localQueue ? new SqliteOutbox(local, localQueue) : new SequentialOutbox(table, queue);

    private static string PathIn(IServiceProvider provider, string name) =>
        Path.Combine(provider.GetRequiredService<DataFolder>().FullPath, name);
}
