using System.Text;
using EmailFunctions.Queueing;
using EmailFunctions.Queueing.ServiceBus;
using EmailFunctions.Storage;
using EmailFunctions.TestKit.ServiceBus;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmailFunctions.Tests.Queueing.ServiceBus;

/// <summary>The adapter with a broker of its own, and less patience than in production.</summary>
internal sealed class ServiceBusBench : IAsyncDisposable
{
    public const string QueueName = "email-dispatch";
    public const string Rule = "sender";
    public const string Key = "a2V5IG9mIHRoZSBydWxlIHdpdGggPSBhbmQgKw==";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static readonly ServiceBusTimes Quick = new()
    {
        Answer = TimeSpan.FromSeconds(1),
        Opening = TimeSpan.FromSeconds(2),
        Pause = TimeSpan.FromMilliseconds(20),
        BusyPause = TimeSpan.FromMilliseconds(100),
        Closing = TimeSpan.FromSeconds(1),
    };

    private ServiceBusBench(ServiceBusBroker broker, ServiceBusQueueOptions? queueOptions, ServiceBusOptions? options, ServiceBusTimes? times)
    {
        Broker = broker;
        Stored = broker.CreateQueue(QueueName, queueOptions);
        Queue = Open(options, times);
    }

    public ServiceBusBroker Broker { get; }

    /// <summary>The queue as the broker has it.</summary>
    public ServiceBusQueue Stored { get; }

    /// <summary>The adapter.</summary>
    public ServiceBusDeliveryQueue Queue { get; }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public string ConnectionString =>
        $"Endpoint=sb://localhost:{Broker.Port};SharedAccessKeyName={Rule};SharedAccessKey={Key};UseDevelopmentEmulator=true";

    /// <summary>The bodies of what the broker has, sorted.</summary>
    public List<string> Bodies => [.. Stored.Messages.Select(static message => Encoding.UTF8.GetString(message.Body.Span)).Order(StringComparer.Ordinal)];

    public static ServiceBusBench Start(
        ServiceBusBrokerOptions? brokerOptions = null, ServiceBusQueueOptions? queueOptions = null, ServiceBusOptions? options = null, ServiceBusTimes? times = null) =>
        new(ServiceBusBroker.Start(brokerOptions), queueOptions, options, times);

    /// <summary>Another adapter, as another process would have it.</summary>
    public ServiceBusDeliveryQueue Open(ServiceBusOptions? options = null, ServiceBusTimes? times = null, string queue = QueueName)
    {
        options ??= ServiceBusOptions.Parse(ConnectionString);
        return new ServiceBusDeliveryQueue(
            options with { Host = "127.0.0.1", Port = Broker.Port }, queue, TimeProvider.System, static () => 0, NullLogger<ServiceBusDeliveryQueue>.Instance, times ?? Quick,
            (_, certificate, _, _) => certificate is not null && Broker.Certificate?.GetCertHashString() == certificate.GetCertHashString());
    }

    public Task SendAsync(params IEnumerable<string> bodies) => Queue.EnqueueAsync([.. bodies.Select(static body => Message(body))], Cancellation);

    public static QueueMessage Message(string body, DateTimeOffset? visibleAt = null) => new(Encoding.UTF8.GetBytes(body), visibleAt);

    /// <summary>Sends where it can't succeed, and returns what the caller is told about.</summary>
    public async Task<ServiceBusFailure> FailAsync(string body = "refused") => FailureOf(await Assert.ThrowsAsync<StoreUnavailableException>(() => SendAsync(body)));

    public static ServiceBusFailure FailureOf(StoreUnavailableException exception) => Assert.IsType<ServiceBusException>(exception.InnerException).Failure;

    public async ValueTask DisposeAsync()
    {
        await Queue.DisposeAsync();
        await Broker.DisposeAsync();
    }
}
