using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using EmailFunctions.Delivery;
using EmailFunctions.Ingest;
using EmailFunctions.Keys;
using EmailFunctions.Keys.KeyVault;
using EmailFunctions.Keys.Local;
using EmailFunctions.Limits;
using EmailFunctions.Payloads;
using EmailFunctions.Payloads.Blobs;
using EmailFunctions.Queueing;
using EmailFunctions.Queueing.ServiceBus;
using EmailFunctions.Queueing.StorageQueues;
using EmailFunctions.Settings;
using EmailFunctions.Spooling;
using EmailFunctions.Storage;
using EmailFunctions.Storage.AzureTables;
using Microsoft.Extensions.Logging.Console;

namespace EmailFunctions.Composition;

/// <summary>
/// The adapters of Azure. None of them calls anything while the service starts: an instance is to answer its first request soon, and
/// not to depend on all that it may need later.
/// </summary>
internal static class AzureComposition
{
    private const string TableName = "emailfunctions";
    private const string PayloadContainer = "email-payloads";

    private const string NotCounted =
        "Reading a Service Bus queue's size needs the right Manage, with which the service could also change and delete queues; Azure Monitor's metric ActiveMessages has it.";

    /// <summary>
    /// One line for each entry, since the host takes each line for one; and what is a warning or worse to standard error, by which the host
    /// knows it.
    /// </summary>
    /// <param name="logging">The logging.</param>
    /// <param name="isExported">Whether logs are sent to Azure Monitor, with their traces: the host would send them there a second time.</param>
    public static void UseHostLogging(this ILoggingBuilder logging, bool isExported)
    {
        if (isExported)
            logging.AddFilter<ConsoleLoggerProvider>(null, LogLevel.Critical);
        logging.AddSimpleConsole(static console => console.SingleLine = true);
        logging.Services.Configure<ConsoleLoggerOptions>(static console => console.LogToStandardErrorThreshold = LogLevel.Warning);
    }

    public static void AddAzureAdapters(this IServiceCollection services, ServiceSettings settings, AzureSettings azure)
    {
        services.AddSingleton(static _ => NewCredential());
        services.AddSingleton<IEntityTable>(provider => new AzureEntityTable(Tables(provider, azure.Storage), TableName));
        services.AddSingleton<IPayloadStore>(provider => new BlobPayloadStore(Blobs(provider, azure.Storage)));
        services.AddSingleton(static _ => Spools.InTemporaryFolder());
        services.AddQueue(azure);
        services.AddSingleton<IOutbox, SequentialOutbox>();
        services.AddKeys(settings, azure);
        if (azure.Storage.IsDevelopment)
            services.AddDeskProviders(_ => settings.DataFolder);
        services.AddSingleton(new ClaimPolicy(Guid.NewGuid().ToString("N"), IsOnlyProcess: false)).AddSingleton(SlotTiming.ManyProcesses);
        services.AddSingleton(PlaceSettings.Hosted);
    }

    /// <summary>As whom the service calls Azure. Which of its ways it takes is narrowed by AZURE_TOKEN_CREDENTIALS, and AZURE_CLIENT_ID names the identity.</summary>
    public static TokenCredential NewCredential() => new DefaultAzureCredential();

    private static void AddQueue(this IServiceCollection services, AzureSettings azure)
    {
        if (azure.ServiceBus is { } bus)
        {
            services.AddSingleton(provider => new ServiceBusDeliveryQueue(
                bus.Connection ?? ServiceBusOptions.ForNamespace(bus.Host!, provider.GetRequiredService<TokenCredential>()),
                QueueNames.Dispatch,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<IRandom>().NextDouble,
                provider.GetRequiredService<ILogger<ServiceBusDeliveryQueue>>()));
            services.AddSingleton<IDeliveryQueue>(static provider => provider.GetRequiredService<ServiceBusDeliveryQueue>());
            services.AddSingleton<IQueueProbe>(static provider => provider.GetRequiredService<ServiceBusDeliveryQueue>());
            services.AddSingleton<IQueueSize>(new UncountedQueue(QueueNames.Dispatch, NotCounted));
            services.AddSingleton<IQueueSize>(new UncountedQueue(QueueNames.Ingest, NotCounted));
            return;
        }

        services.AddSingleton(provider => new StorageQueue(Queue(provider, azure.Storage, QueueNames.Dispatch), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IDeliveryQueue>(static provider => provider.GetRequiredService<StorageQueue>());
        services.AddSingleton<IQueueProbe>(static provider => provider.GetRequiredService<StorageQueue>());
        services.AddSingleton<IQueueSize>(static provider => provider.GetRequiredService<StorageQueue>());
        services.AddKeyedSingleton(QueueNames.Ingest, (provider, _) => new StorageQueue(Queue(provider, azure.Storage, QueueNames.Ingest), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IQueueSize>(static provider => provider.GetRequiredKeyedService<StorageQueue>(QueueNames.Ingest));
        services.AddSingleton(static provider => new PoisonedMessages(
            provider.GetRequiredService<IngestFunction>(), provider.GetRequiredKeyedService<StorageQueue>(QueueNames.Ingest), provider.GetRequiredService<TimeProvider>()));
    }

    private static void AddKeys(this IServiceCollection services, ServiceSettings settings, AzureSettings azure)
    {
        if (azure.KeyVaultKey is not { } key)
        {
            services.AddSingleton(_ => LocalKeys.Open(settings, folder: null)).AddKeyWrapper<LocalKeyWrapper>();
            return;
        }

        services.AddSingleton(provider => new KeyVaultKeyWrapper(
            key,
            provider.GetRequiredService<TokenCredential>(),
            provider.GetRequiredService<TimeProvider>(),
            new KeyVaultOptions { AllowLoopbackHttp = azure.Storage.IsDevelopment }));
        services.AddKeyWrapper<KeyVaultKeyWrapper>();
        services.AddSingleton<IKeyAge>(static provider => provider.GetRequiredService<KeyVaultKeyWrapper>());
    }

    private static TableServiceClient Tables(IServiceProvider provider, StorageAccount account) => account.ConnectionString is { } connection
        ? new TableServiceClient(connection, AzureEntityTable.NewOptions())
        : new TableServiceClient(account.Tables, provider.GetRequiredService<TokenCredential>(), AzureEntityTable.NewOptions());

    private static BlobContainerClient Blobs(IServiceProvider provider, StorageAccount account) => account.ConnectionString is { } connection
        ? new BlobContainerClient(connection, PayloadContainer, BlobPayloadStore.NewOptions())
        : new BlobContainerClient(new Uri(account.Blobs!, PayloadContainer), provider.GetRequiredService<TokenCredential>(), BlobPayloadStore.NewOptions());

    private static QueueClient Queue(IServiceProvider provider, StorageAccount account, string name) => account.ConnectionString is { } connection
        ? new QueueClient(connection, name, StorageQueue.NewOptions())
        : new QueueClient(new Uri(account.Queues!, name), provider.GetRequiredService<TokenCredential>(), StorageQueue.NewOptions());
}
