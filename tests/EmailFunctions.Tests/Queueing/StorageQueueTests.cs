using System.Diagnostics;
using Azure.Storage.Queues;
using EmailFunctions.Queueing;
using EmailFunctions.Queueing.StorageQueues;
using EmailFunctions.Tests.Support;
using EmailFunctions.Tests.Support.Azurite;

namespace EmailFunctions.Tests.Queueing;

public sealed class StorageQueueTests(AzuriteFixture azurite) : DeliveryQueueContract, IAsyncLifetime
{
    private const int MostAtOnce = 32;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly RequestCounter _requests = new();
    private QueueClient _client = null!;
    private StorageQueue _queue = null!;

    protected override IDeliveryQueue Queue => _queue;

    protected override IQueueSize Size => _queue;

    protected override bool KeepsOrder => false;

    protected override TimeSpan Tick => TimeSpan.FromSeconds(0.15);

    protected override DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public async ValueTask InitializeAsync()
    {
        var options = StorageQueue.NewOptions();
        options.Transport = _requests.Transport;
        _client = new QueueClient((await azurite.GetAsync()).ConnectionString, $"q{Guid.NewGuid():N}", options);
        _queue = new StorageQueue(_client, TimeProvider.System);
    }

    public ValueTask DisposeAsync()
    {
        _requests.Dispose();
        return default;
    }

    protected override Task PassAsync(TimeSpan time) => Task.Delay(time, Cancellation);

    protected override async Task<IReadOnlyList<byte[]>> ReceiveAllAsync()
    {
        var bodies = new List<byte[]>();
        if (!await _client.ExistsAsync(Cancellation))
            return bodies;
        while (await _client.ReceiveMessagesAsync(MostAtOnce, TimeSpan.FromHours(1), Cancellation) is { Value: { Length: > 0 } messages })
            bodies.AddRange(messages.Select(static message => message.Body.ToArray()));
        return bodies;
    }

    protected override async Task<IReadOnlyList<byte[]>> ReceiveDueAsync()
    {
        var waiting = Stopwatch.StartNew();
        while (true)
        {
            var received = await ReceiveAllAsync();
            if (received.Count > 0 || waiting.Elapsed > Patience)
                return received;
            await Task.Delay(50, Cancellation);
        }
    }

    [Fact]
    public async Task A_message_is_never_thrown_away_for_its_age()
    {
        await EnqueueAsync("1");
        await EnqueueAtAsync("2", Now.AddDays(6));

        var messages = (await _client.PeekMessagesAsync(MostAtOnce, Cancellation)).Value;

        Assert.Equal(9999, Assert.Single(messages).ExpiresOn!.Value.Year);
    }

    // The Functions host reads base64 unless it is told otherwise.
    [Fact]
    public async Task A_message_is_base64()
    {
        await EnqueueAsync("text");
        var raw = new QueueClient((await azurite.GetAsync()).ConnectionString, _client.Name);

        Assert.Equal(Convert.ToBase64String("text"u8), (await raw.PeekMessageAsync(Cancellation)).Value.MessageText);
    }

    [Fact]
    public async Task Each_message_is_one_request()
    {
        await EnqueueAsync("first");
        var before = _requests.Count;

        await EnqueueAsync(Enumerable.Range(0, 20).Select(static number => $"{number}"));

        Assert.Equal(20, _requests.Count - before);
    }

    [Fact]
    public async Task A_queue_that_is_not_there_yet_can_be_used()
    {
        await _queue.ProbeAsync(Cancellation);
        Assert.False(await _client.ExistsAsync(Cancellation));

        await EnqueueAsync("1");

        await _queue.ProbeAsync(Cancellation);
    }
}
