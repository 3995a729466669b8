using System.Diagnostics.Metrics;
using EmailFunctions.Access;
using EmailFunctions.Activities;
using EmailFunctions.Admin;
using EmailFunctions.ApiDocs;
using EmailFunctions.ApiKeys;
using EmailFunctions.Audit;
using EmailFunctions.Brakes;
using EmailFunctions.Configs;
using EmailFunctions.Dashboard;
using EmailFunctions.DeadLetters;
using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Functions;
using EmailFunctions.Hardening;
using EmailFunctions.Health;
using EmailFunctions.Ingest;
using EmailFunctions.Keys;
using EmailFunctions.Lifecycle;
using EmailFunctions.Messages;
using EmailFunctions.Outbound;
using EmailFunctions.Problems;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Mailgun;
using EmailFunctions.Providers.Mime;
using EmailFunctions.Providers.SendGrid;
using EmailFunctions.Providers.Ses;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.Rotation;
using EmailFunctions.Sending;
using EmailFunctions.Settings;
using EmailFunctions.Sweeps;
using EmailFunctions.Telemetry;
using EmailFunctions.Telemetry.Export;
using EmailFunctions.Tenants;
using EmailFunctions.Tracking;
using EmailFunctions.Usage;
using EmailFunctions.Validation;
using EmailFunctions.Wire;

namespace EmailFunctions.Composition;

/// <summary>What the service is made of, wherever it runs: features on ports. Which adapters the ports get is decided elsewhere.</summary>
internal static class ServiceComposition
{
    public static void AddEmailFunctions(this WebApplicationBuilder builder)
    {
        var settings = ServiceSettings.Read(builder.Configuration, Environment.GetCommandLineArgs());
        Rules.UseWireNames();
        builder.ConfigureServer(settings);
        builder.Services.AddSingleton(settings);
        builder.Services.AddFeatures(settings);
        if (settings.Azure is { } azure)
        {
            builder.Logging.UseHostLogging(settings.Export.AzureConnection is not null);
            builder.Services.AddAzureAdapters(settings, azure);
        }
        else
        {
            builder.Services.AddLocalAdapters(settings);
        }
    }

    public static void MapEmailFunctions(this WebApplication app)
    {
        app.UseSecurityHeaders(isHttpsOnly: app.Services.GetRequiredService<ServiceSettings>().Azure is { Storage.IsDevelopment: false });
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<PlainRequests>();
        app.UseRouting();
        app.UseFailedCallsBrake();
        app.UseAccess();
        app.UseCallerBrake();
        app.UseOutputCache();
        var api = app.MapGroup("/api/v1");
        api.MapConfigs();
        api.MapApiKeys();
        api.MapUsage();
        api.MapAudit();
        api.MapProviders();
        api.MapSending();
        api.MapIngest();
        api.MapMessages();
        api.MapDeadLetters();
        api.MapAdmin();
        api.MapActivity();
        api.MapTenants();
        api.MapRotation();
        api.MapHealth(app);
        app.MapMetrics();
        var access = app.Services.GetRequiredService<AccessRules>();
        if (access.Dashboard != Exposure.Off)
            app.MapDashboard();
        if (access.Docs != Exposure.Off)
            app.MapApiDocs();
        if (app.Services.GetRequiredService<ServiceSettings>().Azure is not null)
            app.MapTriggers();
    }

    /// <summary>Writes the folders by which the Functions host knows the functions.</summary>
    public static void WriteFunctions(this WebApplication app, string folder) => FunctionFolder.Write(
        folder, HttpFunction.ReadAll(((IEndpointRouteBuilder)app).DataSources), app.Services.GetRequiredService<TriggerCatalog>().Functions);

    /// <summary>
    /// Runs until the process is asked to stop. When the start fails half-way (the port is taken), what has begun by then is stopped
    /// in order: the pump may have mail in hand, whose outcome must be written down.
    /// </summary>
    public static async Task RunEmailFunctionsAsync(this WebApplication app)
    {
        // Made here, since a host whose parts can't be made (the data folder is another's) can't be stopped.
        _ = app.Services.GetServices<IHostedService>();
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.StopAsync();
            throw;
        }

        await app.WaitForShutdownAsync();
    }

    /// <summary>Who wraps keys, its failures counted and its versions registered.</summary>
    public static void AddKeyWrapper<T>(this IServiceCollection services) where T : class, IKeyWrapper =>
        services.AddKeyedSingleton<IKeyWrapper>(RegisteredKeyWrapper.Trial, static (provider, _) => new CountedKeyWrapper(provider.GetRequiredService<T>(), provider.GetRequiredService<IMeterFactory>()))
            .AddSingleton<IKeyWrapper>(static provider => new RegisteredKeyWrapper(
                provider.GetRequiredKeyedService<IKeyWrapper>(RegisteredKeyWrapper.Trial), provider.GetRequiredService<KeyRegister>()));

    private static void ConfigureServer(this WebApplicationBuilder builder, ServiceSettings settings)
    {
        builder.WebHost.UseUrls([.. settings.Urls]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Each route has its own, smaller limit, and answers it with a problem that names it.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MaxRequestHeaderCount = settings.MaxRequestHeaders;
        });
        // The framework logs paths with their queries at Information, and a query may hold an address.
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning);
        // Its base class, the framework's, writes two lines for each key that is no good.
        builder.Logging.AddFilter(typeof(ApiKeyHandler).FullName, LogLevel.Warning);
        // It logs a failed start with a stack trace, beside the one sentence that the user is told; what stops a running host is critical.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
    }

    private static void AddFeatures(this IServiceCollection services, ServiceSettings settings)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<IRandom, SystemRandom>();
        services.AddAccess(settings.Access);
        services.AddBrakes(settings.Brakes);
        services.AddSingleton<ApiKeyStore>().AddSingleton<ApiKeyHasher>().AddSingleton<ApiKeyVerifier>().AddSingleton<ApiKeyService>();
        services.AddSingleton<IApiKeyVerifier>(static provider => provider.GetRequiredService<ApiKeyVerifier>());
        services.AddTelemetry(settings);
        services.AddSingleton<TenantDirectory>().AddSingleton<TenantStates>();
        services.AddSingleton<DataKeyCache>().AddSingleton<StoredKeys>();
        services.AddSingleton<RecipientHasher>().AddSingleton<ContentKeys>();
        services.AddRotation();
        services.AddConfigs(settings);
        services.AddProviders(settings);
        services.AddSingleton<Ledger>().AddSingleton<ProducerIds>();
        services.AddSingleton<MessagePayloads>();
        services.AddSending(settings);
        services.AddIngest(settings);
        services.AddSingleton<Prospects>().AddSingleton<Cancellation>();
        services.AddDelivery(settings);
        services.AddSingleton(settings.DeadLetters).AddSingleton<DeadLetterReader>().AddSingleton<DeadLetterActions>().AddSingleton<DeadLetterCounter>();
        services.AddSingleton<SweepPositions>().AddSweep<IdempotencySweep>().AddSweep<DeadLetterSweep>().AddSweep<HeldMessageSweep>();
        services.AddUsage(settings);
        services.AddSingleton(settings.Audit).AddSingleton<AuditReader>().AddSingleton<AuditErasures>();
        services.AddSingleton<IContentErasure, ContentErasure>();
        services.AddSweep<AuditRetentionSweep>().AddSweep<AuditErasureSweep>();
        services.AddSingleton(settings.Activities).AddSingleton<AdminAudit>().AddSingleton<ActivityReader>();
        services.AddSweep<ActivityRetentionSweep>();
        services.AddSingleton<Suspender>().AddSingleton<Offboarding>().AddSingleton<TenantEraser>().AddSingleton<TenantExport>().AddSweep<TenantSweep>();
        services.AddSingleton<FleetHealth>().AddSingleton<ConfigIndex>().AddSingleton<BudgetIndex>();
        services.AddSingleton<ServiceHealth>().AddSingleton<KeyAgeCheck>();
        services.AddApiDocs();
        services.AddSingleton<Draining>().AddSingleton<StoreHold>().AddSingleton<TriggerCatalog>();
    }

    private static void AddTelemetry(this IServiceCollection services, ServiceSettings settings)
    {
        services.AddSingleton(settings.Metrics).AddSingleton<TenantLabels>().AddSingleton<DeliveryMetrics>();
        services.AddSingleton<StoredGauges>().AddSingleton<StoredGauge, QueueSizeGauge>().AddSingleton<StoredGauge, QueueDueGauge>().AddSingleton<StoredGauge, QuotaGauge>()
            .AddSingleton<StoredGauge, SpendGauge>().AddSingleton<StoredGauge, ActiveTenantsGauge>();
        services.AddExport(settings.Metrics, settings.Export, AzureComposition.NewCredential);
    }

    private static void AddRotation(this IServiceCollection services)
    {
        services.AddSingleton<KeyRegister>().AddSingleton<RotationStore>().AddSingleton<KeyRewrapper>().AddSingleton<KeyRotations>().AddSweep<RotationSweep>();
        services.AddSingleton<IWrappedKeys, ConfigKeys>().AddSingleton(static provider => provider.GetRequiredService<StoredKeys>().Index);
    }

    private static void AddConfigs(this IServiceCollection services, ServiceSettings settings)
    {
        services.AddHybridCache().AddSerializer<CachedConfig, InProcessOnly<CachedConfig>>().AddSerializer<ProviderProbe, InProcessOnly<ProviderProbe>>();
        services.AddSingleton(settings.ConfigRules).AddSingleton(settings.SystemProvider);
        services.AddSingleton<ConfigStore>().AddSingleton<ConfigCache>().AddSingleton<ConfigService>();
        services.AddSingleton<ConfigTest>().AddSingleton<ConfigHealth>();
        services.AddSingleton<ProviderResolver>().AddSingleton<IProviderAccounts>(static provider => provider.GetRequiredService<ProviderResolver>());
        services.AddSingleton(settings.Policies).AddSingleton<ITenantPolicies, TenantPolicies>();
    }

    private static void AddProviders(this IServiceCollection services, ServiceSettings settings)
    {
        services.AddOutbound(settings.Outbound);
        services.AddSingleton(settings.Smtp).AddSingleton<SmtpPools>();
        services.AddSingleton<IEmailProvider, SmtpProvider>();
        services.AddProviderClients(new HttpProviderOptions());
        services.AddSingleton(settings.Ses).AddSingleton<SesCredentials>().AddSingleton<IEmailProvider, SesProvider>();
        services.AddSingleton(new SendGridOptions()).AddSingleton<IEmailProvider, SendGridProvider>();
        services.AddSingleton(new MailgunOptions()).AddSingleton<IEmailProvider, MailgunProvider>();
        services.AddSingleton<ProviderRegistry>().AddSingleton<IMessageMeasure, MimeMeasure>().AddSingleton<SizeLimits>().AddSingleton<ProviderHealth>().AddSingleton<ProviderProbes>();
        services.AddSingleton<ProviderHealthRows>().AddSingleton<StoredGauge, ProviderHealthGauge>();
    }

    private static void AddSending(this IServiceCollection services, ServiceSettings settings)
    {
        services.AddSingleton(settings.Sending).AddSingleton<SendGate>().AddSingleton<Admission>().AddSingleton<WaitEstimate>();
        services.AddSingleton<IncomingBodies>().AddSingleton<Drafts>().AddSingleton<Intake>().AddSingleton<MessageAcceptor>().AddSingleton<BatchAcceptor>();
    }

    private static void AddIngest(this IServiceCollection services, ServiceSettings settings)
    {
        services.AddSingleton(settings.Producers).AddSingleton<ProducerInbox>().AddSingleton<ParkedMessages>().AddSingleton<ParkedReplay>();
        services.AddSingleton<IngestFunction>();
    }

    private static void AddDelivery(this IServiceCollection services, ServiceSettings settings)
    {
        services.AddSingleton(settings.Retries).AddSingleton(settings.Pump);
        services.AddSingleton<RetryPolicy>().AddSingleton<DispatchQueue>().AddSingleton<OutcomeRecorder>();
        services.AddSingleton<LaneParts>().AddSingleton<TenantLanes>().AddSingleton<ProviderGates>().AddSingleton<ProviderPlaces>().AddSingleton<MessageSender>();
        services.AddSingleton<HeldMessages>().AddSingleton<IConfigWatcher, ConfigWatcher>();
        services.AddSingleton<MessageDispatcher>().AddSingleton<DispatchFunction>();
        services.AddSweep<MessageSweep>().AddSweep<PayloadSweep>();
    }

    private static void AddUsage(this IServiceCollection services, ServiceSettings settings)
    {
        services.AddSingleton(settings.Usage).AddSingleton<UsageIndex>().AddSingleton<UsageRollups>();
        services.AddSingleton<UsageReader>().AddSingleton<AdminUsageReader>().AddSingleton<UsageOverviewReader>();
        services.AddSweep<UsageRollupSweep>().AddSweep<UsageRowSweep>();
    }

    private static IServiceCollection AddSweep<T>(this IServiceCollection services) where T : class, ISweep =>
        services.AddSingleton<T>().AddSingleton<ISweep>(static provider => provider.GetRequiredService<T>());

    private static void AddApiDocs(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(static options =>
        {
            // Numbers in strings are refused, and the document must not offer them.
            options.SerializerOptions.NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict;
            options.SerializerOptions.PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower;
            options.SerializerOptions.Converters.Add(new Rfc3339Converter());
            options.SerializerOptions.Converters.Add(new FileReferences());
            options.SerializerOptions.Converters.Add(new TextReferences());
            options.SerializerOptions.TypeInfoResolverChain.Clear();
            foreach (var resolver in WireTypes.Resolvers)
                options.SerializerOptions.TypeInfoResolverChain.Add(resolver);
        });
        services.AddOpenApi("v1", OpenApiDocument.Configure);
        services.AddOutputCache();
    }
}
