using EmailFunctions.Messages;
using EmailFunctions.Payloads;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery;

/// <summary>A content that lies in the payload store is read once in each attempt, and nothing of it is left when the attempt is over.</summary>
public sealed class LargePayloadTests : IAsyncLifetime
{
    private readonly CountingPayloads _payloads = new();
    private readonly DeliveryBench _bench;

    public LargePayloadTests() => _bench = new DeliveryBench(payloads: _payloads.Over);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task It_is_read_once_in_each_attempt()
    {
        _bench.Provider.Answer = static call => call < 3 ? SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "refused") : SendResult.Sent("taken");
        var id = await _bench.AcceptAsync(bodyBytes: 100_000);

        await _bench.DispatchAsync(id);
        Assert.Equal(1, _payloads.Opened);
        await _bench.RunQueueAsync(TimeSpan.FromHours(1));

        Assert.Equal(MessageStatus.Sent, (await _bench.ReadAsync(id)).Status);
        Assert.Equal(3, _payloads.Opened);
    }

    [Fact]
    public async Task It_is_read_once_where_a_message_goes_out_in_several_calls_and_to_a_fallback()
    {
        await _bench.RouteAsync();
        _bench.Primary.Answer = static _ => SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "refused");
        _bench.Fallback.MaxRecipientsPerCall = 10;
        var id = await _bench.AcceptAsync(recipients: 40, bodyBytes: 100_000);

        await _bench.DispatchAsync(id);

        Assert.Equal(4, _bench.Fallback.Given.Count);
        Assert.Equal(1, _payloads.Opened);
    }

    [Fact]
    public async Task It_is_not_read_while_its_message_stands_in_line()
    {
        await _bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","rate_limit_per_minute":1}""");
        var first = await _bench.AcceptAsync(bodyBytes: 100_000);
        var second = await _bench.AcceptAsync(bodyBytes: 100_000);

        await _bench.DispatchAsync(first);
        await _bench.DispatchAsync(second);

        Assert.Equal(MessageStatus.Deferred, (await _bench.ReadAsync(second)).Status);
        Assert.Equal(1, _payloads.Opened);
    }

    private sealed class CountingPayloads
    {
        public int Opened { get; private set; }

        public IPayloadStore Over(IPayloadStore store) => new Counted(this, store);

        private sealed class Counted(CountingPayloads counts, IPayloadStore store) : IPayloadStore
        {
            public Task PutAsync(PayloadName name, Stream content, CancellationToken cancellationToken) => store.PutAsync(name, content, cancellationToken);

            public Task<Stream?> OpenAsync(PayloadName name, CancellationToken cancellationToken)
            {
                counts.Opened++;
                return store.OpenAsync(name, cancellationToken);
            }

            public Task DeleteAsync(PayloadName name, CancellationToken cancellationToken) => store.DeleteAsync(name, cancellationToken);

            public IAsyncEnumerable<PayloadName> ListAsync(DateTimeOffset before, CancellationToken cancellationToken) => store.ListAsync(before, cancellationToken);
        }
    }
}
