using EmailFunctions.Queueing.ServiceBus;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Queueing.ServiceBus;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.RealServers;

/// <summary>A broker that lives as long as the tests of a class; none where it is not installed.</summary>
public abstract class AmqpBrokerFixture(string? whyUnavailable, Func<IRealBroker> create) : IAsyncLifetime
{
    private IRealBroker? _broker;

    public IRealBroker Broker
    {
        get
        {
            Assert.SkipWhen(_broker is null, whyUnavailable ?? "");
            return _broker!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (whyUnavailable is not null)
            return;
        _broker = create();
        await _broker.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_broker is not null)
            await _broker.DisposeAsync();
    }
}

public sealed class RabbitMqFixture() : AmqpBrokerFixture(RabbitMqBroker.WhyUnavailable(), static () => new RabbitMqBroker());

public sealed class QpidFixture() : AmqpBrokerFixture(QpidBroker.WhyUnavailable(), static () => new QpidBroker());

public sealed class QpidTests(QpidFixture fixture) : AmqpBrokerContract, IClassFixture<QpidFixture>
{
    protected override IRealBroker Broker => fixture.Broker;
}

public sealed class RabbitMqTests(RabbitMqFixture fixture) : AmqpBrokerContract, IClassFixture<RabbitMqFixture>
{
    protected override IRealBroker Broker => fixture.Broker;

    [Fact]
    public async Task A_wrong_password_is_unauthorized()
    {
        var queue = Open(Broker.Port, "guest:wrong");

        var exception = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => queue.EnqueueAsync([ServiceBusBench.Message("1")], TestContext.Current.CancellationToken));

        Assert.Equal(ServiceBusFailure.Unauthorized, ServiceBusBench.FailureOf(exception));
        Assert.DoesNotContain("wrong", exception.ToString(), StringComparison.Ordinal);
    }
}
