using System.Diagnostics.Metrics;
using EmailFunctions.Configs;
using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Lanes;
using EmailFunctions.Keys;
using EmailFunctions.Lifecycle;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Payloads;
using EmailFunctions.Providers;
using EmailFunctions.Queueing;
using EmailFunctions.Spooling;
using EmailFunctions.Storage;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>
/// The dispatch engine as it is, on a simulated store, queue and clock: any number of processes that work on the same data, one
/// sweep, and a provider that notes when it was called.
/// </summary>
internal sealed class SimEngine
{
    private readonly SimEngineSettings _settings;
    private readonly SimContext _client;
    private int _started;

    public SimEngine(int seed, SimEngineSettings settings)
    {
        _settings = settings;
        Table = new MemoryTable(settings.IsStrict);
        Loop = new SimLoop(seed);
        Queue = new SimQueue(Loop) { Duplicates = settings.Duplicates };
        History = new SimHistory(Loop);
        Policies = new SimPolicies(Loop, settings.Policy);
        _client = new SimContext(Loop, "client");
        ClientTable = new SimTable(_client, Table, new SimFaults());
        Ledger = new Ledger(ClientTable);
    }

    public SimLoop Loop { get; }

    public MemoryTable Table { get; }

    public SimQueue Queue { get; }

    public SimHistory History { get; }

    public SimPolicies Policies { get; }

    public SimTable ClientTable { get; }

    public Ledger Ledger { get; }

    /// <summary>All content is in the rows, in clear.</summary>
    public MessagePayloads Payloads { get; } = new(new NoPayloads(), keys: null!, Spools.InTemporaryFolder());

    public List<SimWorker> Workers { get; } = [];

    /// <summary>The tables of all processes that ever ran.</summary>
    public List<SimTable> Tables { get; } = [];

    public List<MessageId> Accepted { get; } = [];

    /// <summary>What the processes put on the queue, by kind.</summary>
    public Dictionary<Type, int> Copies { get; } = [];

    public int CopiesOf<T>() where T : DispatchReference => Copies.GetValueOrDefault(typeof(T));

    /// <summary>The provider's answer to a call; by default it takes the message after a random time.</summary>
    public Func<SimContext, OutgoingEmail, Task<SendResult>> Provider { get; set; } = static async (worker, _) =>
    {
        await worker.Pause(TimeSpan.FromMilliseconds(worker.Loop.Random.Next(300)));
        return SendResult.Sent("taken");
    };

    /// <summary>The fallback's answer to a call, where tenants have one.</summary>
    public Func<SimContext, OutgoingEmail, Task<SendResult>> Fallback { get; set; } = static (_, _) => Task.FromResult(SendResult.Sent("taken"));

    /// <summary>The provider's answer to a probe.</summary>
    public Func<SimContext, Task<ProbeResult>> Probe { get; set; } = static _ => Task.FromResult(ProbeResult.Healthy);

    /// <summary>Accepts a message now: its row and a copy on the queue.</summary>
    public async Task<MessageId> AcceptAsync(
        TenantId tenant, MessagePriority priority = MessagePriority.Normal, int recipients = 1, DateTimeOffset? expiresAt = null, bool loseHint = false)
    {
        var now = Loop.UtcNow;
        var content = new EmailContent { To = [.. Enumerable.Range(0, recipients).Select(static n => $"r{n}@example.com")], Subject = "s", Text = "t", FromEmail = "a@example.com" };
        var entry = new LedgerEntry
        {
            Id = new MessageId(tenant, Accepted.Count.ToString("x32", System.Globalization.CultureInfo.InvariantCulture)),
            Status = MessageStatus.Queued,
            Priority = priority,
            CreatedAt = now,
            ArrivedAt = now,
            UpdatedAt = now,
            DueAt = now,
            SweepAt = now,
            ExpiresAt = expiresAt,
            RecipientCount = recipients,
            Payload = ContentCodec.Encode(content).ToArray(),
            History = [new HistoryEntry(MessageStatus.Queued.Name(), now)],
        };
        Accepted.Add(entry.Id);
        Table.Write([.. Ledger.Enter(entry)]);
        if (!loseHint)
            await new DispatchQueue(Queue, outbox: null!, new SimClock(Loop.Main)).EnqueueAsync(entry.Id, visibleAt: null, CancellationToken.None);
        return entry.Id;
    }

    /// <summary>Runs until so many messages are accepted and each is done.</summary>
    /// <param name="messages">How many.</param>
    /// <param name="isDone">Whether a message is; it stays so. Asked for one message after each step, since to ask for all would take most of the time.</param>
    /// <param name="maxSteps">How long that may take.</param>
    public void RunUntilAll(int messages, Func<LedgerEntry, bool> isDone, int maxSteps = SimLoop.DefaultSteps)
    {
        var done = 0;
        Loop.RunUntil(
            () =>
            {
                while (done < Accepted.Count && isDone(Read(Accepted[done])))
                    done++;
                return done == messages;
            },
            maxSteps);
    }

    public LedgerEntry Read(MessageId id) => LedgerRows.Read(id, Table.Get(LedgerRows.KeyOf(id))!);

    public TenantLimits? Limits(TenantId tenant) =>
        Table.Get(LimitsRow.KeyOf(tenant)) is { } entity ? LimitsRow.Read(entity, _settings.Timing) : null;

    /// <summary>Starts a process that dispatches.</summary>
    public SimWorker StartWorker()
    {
        var name = $"w{_started++}";
        var offset = _settings.MaxClockOffset * ((2 * Loop.Random.NextDouble()) - 1);
        var worker = new SimWorker(Loop, name, Queue, new SimWorkerSettings
        {
            ClockOffset = offset,
            Concurrency = _settings.Concurrency,
            Faults = _settings.Faults,
            IsExpected = static exception => exception is StoreUnavailableException,
        });
        var process = CreateProcess(worker.Context, worker.Clock, name);
        worker.Start(async (body, cancellationToken) =>
        {
            await process.Function.RunAsync(body, cancellationToken);
            await _settings.BeforeAcknowledge(worker.Context);
        });
        Workers.Add(worker);
        return worker;
    }

    /// <summary>Tells the processes that the tenant's configuration was changed.</summary>
    public Task ChangeAsync(TenantId tenant, TenantPolicy policy)
    {
        Policies.Current = policy;
        return new DispatchQueue(Queue, outbox: null!, new SimClock(Loop.Main)).EnqueueAsync([new Dispatch(new ConfigReference(tenant), VisibleAt: null)], CancellationToken.None);
    }

    /// <summary>Starts the process that sweeps.</summary>
    public void StartSweeper(TenantId tenant, TimeSpan interval)
    {
        Table.Write([EntityWrite.Put(new Entity("tenants", tenant.Value))]);
        var context = new SimContext(Loop, "sweeper");
        var clock = new SimClock(context, TimeSpan.Zero);
        var process = CreateProcess(context, clock, "sweeper");
        context.Start(async () =>
        {
            while (true)
            {
                await context.Pause(interval);
                try
                {
                    await process.Sweep.RunAsync(CancellationToken.None);
                }
                catch (StoreUnavailableException)
                {
                    // The next sweep goes on.
                }
            }
        });
    }

    private static readonly IMeterFactory Meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
    private static readonly TenantLabels Labels = new(MetricSettings.Default);
    private static readonly DeliveryMetrics Metrics = new(Meters, Labels);

    /// <summary>The parts of one process, put together as the service does.</summary>
    public SimProcess CreateProcess(SimContext context, TimeProvider clock, string name)
    {
        var table = new SimTable(context, Table, _settings.Faults);
        Tables.Add(table);
        IEntityTable store = _settings.Wrap(table, context);
        var ledger = new Ledger(store);
        var queue = new DispatchQueue(new CountingQueue(this, new SimSender(context, Queue, _settings.Faults)), outbox: null!, clock);
        var policies = Policies.NewCache();
        var accounts = new SimAccounts(Policies, _settings.HasFallback);
        var claims = new ClaimPolicy(name, IsOnlyProcess: false);
        var random = new SimRandom(Loop);
        var retries = new RetryPolicy(new RetrySettings(20, TimeSpan.FromSeconds(30), TimeSpan.FromHours(1), TimeSpan.FromDays(20)), random);
        var lanes = new TenantLanes(new LaneParts(store, ledger, policies, queue, claims, _settings.Timing, random, Metrics, clock, _settings.Log));
        var states = new TenantStates(store, clock);
        var payloads = Payloads;
        var hasher = new RecipientHasher(new StoredKeys(store, new DataKeyCache(null!, clock), clock));
        var gates = new ProviderGates(clock);
        var places = new ProviderPlaces(new PlaceSettings(_settings.Places ?? _settings.Concurrency), clock, _settings.PlaceLog);
        var held = new HeldMessages(ledger, queue, clock);
        var recorder = new OutcomeRecorder(store, ledger, payloads, queue, retries, hasher, lanes, held, accounts, policies, Metrics, clock, NullLogger<OutcomeRecorder>.Instance);
        var registry = new ProviderRegistry([new SimProvider(ProviderType.File, this, context), new SimProvider(ProviderType.Console, this, context)]);
        var health = new ProviderHealth(clock);
        var sender = new MessageSender(payloads, accounts, registry, new SizeLimits(registry, null!), gates, places, new ProviderProbes(null!, registry, health, clock), health, recorder, Metrics, clock, NullLogger<MessageSender>.Instance);
        var dispatcher = new MessageDispatcher(ledger, policies, states, accounts, gates, places, lanes, sender, recorder, queue, retries, claims, _settings.Timing, clock);
        return new SimProcess(
            new DispatchFunction(dispatcher, lanes, held, queue, clock, NullLogger<DispatchFunction>.Instance),
            new MessageSweep(ledger, new TenantDirectory(store, clock), lanes, queue, claims, clock, NullLogger<MessageSweep>.Instance),
            lanes,
            ledger,
            new Suspender(states, lanes, clock));
    }

    private sealed class CountingQueue(SimEngine engine, IDeliveryQueue inner) : IDeliveryQueue
    {
        public TimeSpan LongestDelay => inner.LongestDelay;

        public Task EnqueueAsync(IReadOnlyList<QueueMessage> messages, CancellationToken cancellationToken)
        {
            foreach (var message in messages)
            {
                var kind = Dispatch.Read(message.Body.Span)!.Reference.GetType();
                engine.Copies[kind] = engine.Copies.GetValueOrDefault(kind) + 1;
            }

            return inner.EnqueueAsync(messages, cancellationToken);
        }
    }

    private sealed class SimProvider(ProviderType type, SimEngine engine, SimContext worker) : IEmailProvider
    {
        public ProviderType Type => type;

        public Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
        {
            if (account.Place > 0)
                return engine.Fallback(worker, email);
            engine.History.Record(email.Id.Unique, worker);
            return engine.Provider(worker, email);
        }

        public Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken) =>
            account.Place > 0 ? Task.FromResult(ProbeResult.Healthy) : engine.Probe(worker);
    }

    private sealed class SimAccounts(SimPolicies policies, bool hasFallback) : IProviderAccounts
    {
        private readonly Dictionary<decimal, IReadOnlyList<ProviderAccount>> _byCost = [];

        public async ValueTask<IReadOnlyList<ProviderSettings>> GetSettingsAsync(TenantId tenant, CancellationToken cancellationToken) =>
            [.. (await GetAccountsAsync(tenant, cancellationToken)).Select(static account => account.Settings)];

        // A message costs what the tenant's policy says that it does.
        public ValueTask<IReadOnlyList<ProviderAccount>> GetAccountsAsync(TenantId tenant, CancellationToken cancellationToken)
        {
            var cost = policies.Own.GetValueOrDefault(tenant, policies.Current).CostPerRecipientUsd;
            if (!_byCost.TryGetValue(cost, out var accounts))
                _byCost.Add(cost, accounts = hasFallback ? [Make(ProviderType.File, cost), Make(ProviderType.Console, cost) with { Place = 1 }] : [Make(ProviderType.File, cost)]);
            return new(accounts);
        }

        public ValueTask<string> GetVersionAsync(TenantId tenant, CancellationToken cancellationToken) => new("1");

        private static ProviderAccount Make(ProviderType type, decimal cost) =>
            new(TenantId.System, "1", new ProviderSettings { Type = type, FromEmail = "a@example.com", CostPerEmailUsd = cost }, ProviderSecrets.None);
    }

    private sealed class SimRandom(SimLoop loop) : IRandom
    {
        public double NextDouble() => loop.Random.NextDouble();
    }

    private sealed class NoPayloads : IPayloadStore
    {
        public Task PutAsync(PayloadName name, Stream content, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<Stream?> OpenAsync(PayloadName name, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task DeleteAsync(PayloadName name, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<PayloadName> ListAsync(DateTimeOffset before, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}

/// <summary>What a test uses of a process.</summary>
internal sealed record SimProcess(DispatchFunction Function, MessageSweep Sweep, TenantLanes Lanes, Ledger Ledger, Suspender Suspender);

/// <summary>How the processes are and what befalls them.</summary>
internal sealed record SimEngineSettings
{
    public required TenantPolicy Policy { get; init; }

    public SlotTiming Timing { get; init; } = SlotTiming.ManyProcesses;

    public SimFaults Faults { get; init; } = new();

    public double Duplicates { get; init; }

    /// <summary>Whether tenants have a second provider.</summary>
    public bool HasFallback { get; init; }

    /// <summary>Whether the table holds Azure's limits against each write, which takes time.</summary>
    public bool IsStrict { get; init; }

    public int Concurrency { get; init; } = 16;

    /// <summary>Places at providers in each process; null: as many as it has in hand at once.</summary>
    public int? Places { get; init; }

    public TimeSpan MaxClockOffset { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Puts something between a process and its table.</summary>
    public Func<IEntityTable, SimContext, IEntityTable> Wrap { get; init; } = static (table, _) => table;

    /// <summary>What a process does between the end of a copy's handling and its completion.</summary>
    public Func<SimContext, Task> BeforeAcknowledge { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Where all processes log what happens to limits.</summary>
    public ILogger<LaneParts> Log { get; init; } = NullLogger<LaneParts>.Instance;

    /// <summary>Where all processes log whose mail is put off.</summary>
    public ILogger<ProviderPlaces> PlaceLog { get; init; } = NullLogger<ProviderPlaces>.Instance;
}
