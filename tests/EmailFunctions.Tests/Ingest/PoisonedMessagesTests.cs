using EmailFunctions.Ingest;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Ingest;

/// <summary>What becomes of producers' messages that used up their deliveries on a storage queue.</summary>
public sealed class PoisonedMessagesTests : IAsyncLifetime
{
    private static readonly Delivered Message = new(
        """{"tenant_id":"acme","message_id":"order-7","to":["zoe@example.com"],"subject":"Hello","body":"Hi"}"""u8.ToArray(), "q-1", null);

    private readonly DeliveryBench _bench = new();
    private readonly ListQueue _source = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task One_that_can_be_taken_now_is_accepted()
    {
        await RecoverAsync(deliveryCount: 7);

        Assert.Single(await _bench.RowsAsync("msg-"));
        Assert.Empty(_source.Messages);
    }

    [Fact]
    public async Task One_that_cannot_be_taken_is_delivered_again_and_goes_back_before_the_host_forgets_it()
    {
        _bench.Table.OnRead = static () => throw new StoreUnavailableException("down, says the test");

        await Assert.ThrowsAsync<StoreUnavailableException>(() => RecoverAsync(deliveryCount: 4));
        Assert.Empty(_source.Messages);
        await RecoverAsync(deliveryCount: 5);

        var back = Assert.Single(_source.Messages);
        Assert.Equal(Message.Body.ToArray(), back.Body.ToArray());
        Assert.Equal(TimeSpan.FromMinutes(5), back.VisibleAt - _bench.Clock.GetUtcNow());
    }

    [Fact]
    public async Task Without_either_it_is_delivered_again()
    {
        _bench.Table.OnRead = static () => throw new StoreUnavailableException("down, says the test");
        _source.IsDown = true;

        await Assert.ThrowsAsync<StoreUnavailableException>(() => RecoverAsync(deliveryCount: 9));
    }

    private Task RecoverAsync(int deliveryCount) =>
        new PoisonedMessages(_bench.Get<IngestFunction>(), _source, _bench.Clock).RecoverAsync(Message, deliveryCount, TestContext.Current.CancellationToken);
}
