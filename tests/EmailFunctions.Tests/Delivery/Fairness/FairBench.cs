using System.Diagnostics;
using System.Globalization;
using System.Net;
using EmailFunctions.Delivery;
using EmailFunctions.Delivery.Local;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Delivery.Fairness;

/// <summary>
/// The service's own pump over its own queue and store, on a fake clock, with a provider whose calls all take the same time: the
/// test lets that time pass when all that the pump has in hand is being called for, or waits for a place.
/// </summary>
internal sealed class FairBench : IAsyncDisposable
{
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly FakeProvider _provider = new();
    private readonly SemaphoreSlim _calls = new(0);
    private readonly TaskCompletionSource _ended = new();
    private readonly ServiceHost _host;
    private readonly LocalPump _pump;
    private readonly int _width;
    private int _numbers;
    private int _underWay;

    public FairBench(int width)
    {
        _width = width;
        _provider.During = CallAsync;
        // Only who is given a limit has one.
        _host = ServiceHost.Start(new Dictionary<string, string> { ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "0" }, services =>
        {
            services.RemoveAll<IHostedService>();
            services.Replace(ServiceDescriptor.Singleton<TimeProvider>(_clock));
            services.RemoveAll<IEmailProvider>();
            services.AddSingleton<IEmailProvider>(_provider);
        });
        Receiver = new CountingReceiver(_host.Services.GetRequiredService<IQueueReceiver>());
        _pump = new LocalPump(
            Receiver, _host.Services.GetRequiredService<DispatchFunction>(), new PumpSettings(width), _host.Services.GetRequiredService<DeliveryMetrics>(), _clock, NullLogger<LocalPump>.Instance);
    }

    public static TenantId Big { get; } = Tenant("big");

    public static TenantId[] Small { get; } = [.. Enumerable.Range(1, 9).Select(static number => Tenant($"small-{number}"))];

    public CountingReceiver Receiver { get; }

    /// <summary>Whose mail the provider was given, in order.</summary>
    public IReadOnlyList<TenantId> Starts => [.. _provider.Given.Select(static email => email.Id.Tenant)];

    public static TenantId Tenant(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    public Task StartAsync() => _pump.StartAsync(TestContext.Current.CancellationToken);

    /// <summary>Returns when each message that the pump may have in hand is being called for, or waits for a place.</summary>
    public async Task FullAsync()
    {
        var places = _host.Services.GetRequiredService<ProviderPlaces>();
        var started = Stopwatch.GetTimestamp();
        while (InHand() < _width)
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60), $"Only {InHand()} messages were in hand.");
            await Task.Delay(TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken);
        }

        // In this order: whose wait ends meanwhile is in neither number, and not in both.
        int InHand() => Volatile.Read(ref _underWay) + places.Waiting;
    }

    /// <summary>Returns when that many calls have begun since it was asked last.</summary>
    public async Task CalledAsync(int count)
    {
        for (var calls = 0; calls < count; calls++)
            Assert.True(await _calls.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken), $"Only {calls} calls were under way.");
    }

    /// <summary>Lets the time of a call pass: those under way end, and the next ones begin.</summary>
    public void Pass()
    {
        Volatile.Write(ref _underWay, 0);
        _clock.Advance(Latency);
    }

    /// <summary>Lets calls end and begin until the provider has what the condition says.</summary>
    public async Task PassUntilAsync(Func<IReadOnlyList<TenantId>, bool> condition)
    {
        while (!condition(Starts))
        {
            Pass();
            await FullAsync();
        }
    }

    /// <summary>Accepts messages: their rows and their copies on the queue.</summary>
    public async Task QueueAsync(TenantId tenant, int count)
    {
        var now = _clock.GetUtcNow();
        var payload = ContentCodec.Encode(new EmailContent { To = ["r@example.com"], Subject = "s", Text = "t", FromEmail = "a@example.com" }).ToArray();
        var entries = Enumerable.Range(0, count).Select(_ => Entry()).ToList();
        var table = _host.Services.GetRequiredService<IEntityTable>();
        foreach (var some in entries.Chunk(4_000))
        {
            await Task.WhenAll(some.Chunk(40).Select(
                chunk => table.WriteAsync([.. chunk.SelectMany(Ledger.Enter)], TestContext.Current.CancellationToken)));
        }

        await _host.Services.GetRequiredService<DispatchQueue>().EnqueueAsync(
            entries.ConvertAll(static entry => new Dispatch(new MessageReference(entry.Id), VisibleAt: null)), TestContext.Current.CancellationToken);

        LedgerEntry Entry() => new()
        {
            Id = new MessageId(tenant, (++_numbers).ToString("x32", CultureInfo.InvariantCulture)),
            Status = MessageStatus.Queued,
            Priority = MessagePriority.Normal,
            CreatedAt = now,
            ArrivedAt = now,
            UpdatedAt = now,
            DueAt = now,
            SweepAt = now,
            RecipientCount = 1,
            Payload = payload,
            History = [new HistoryEntry(MessageStatus.Queued.Name(), now)],
        };
    }

    public async Task LimitAsync(TenantId tenant, int perMinute)
    {
        using var answer = await _host.SendAsync(
            HttpMethod.Post, $"/api/v1/email/configs/{tenant}", $$"""{"provider_type":"file","from_email":"a@example.com","rate_limit_per_minute":{{perMinute}}}""");
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        var stopped = _pump.StopAsync(CancellationToken.None);
        _ended.SetResult();
        Receiver.Open();
        await stopped;
        _pump.Dispose();
        await _host.DisposeAsync();
        _calls.Dispose();
    }

    private Task CallAsync(CancellationToken cancellationToken)
    {
        var call = Task.WhenAny(Task.Delay(Latency, _clock, cancellationToken), _ended.Task);
        Interlocked.Increment(ref _underWay);
        _calls.Release();
        return call;
    }
}
