using Amqp;
using Amqp.Framing;
using Amqp.Types;

namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>A message as the queue keeps it.</summary>
internal sealed class StoredMessage(Message sent, DateTimeOffset now)
{
    private static readonly Symbol ScheduledFor = "x-opt-scheduled-enqueue-time";

    private readonly Properties? _properties = sent.Properties;
    private readonly ApplicationProperties? _applicationProperties = sent.ApplicationProperties;
    private readonly bool _durable = sent.Header?.Durable ?? false;

    // A copy, since a received section may refer to a buffer that is used again.
    private readonly RestrictedDescribed? _body = sent.BodySection is Data data ? new Data { Binary = [.. data.Binary] } : sent.BodySection;

    public long Sequence { get; set; }

    public int FailedDeliveries { get; set; }

    public string DeadLetterReason { get; set; } = "";

    /// <summary>When it was sent, or for when it was scheduled.</summary>
    public DateTimeOffset EnqueuedAt { get; } = Scheduled(sent) is { } at && at > now ? at : now;

    public ReceiveEndpoint? Holder { get; set; }

    public DateTimeOffset LockedUntil { get; set; }

    /// <summary>The message as it is sent to a receiver that holds it now.</summary>
    public Message Deliver()
    {
        var properties = _applicationProperties ?? new ApplicationProperties();
        if (DeadLetterReason.Length > 0)
        {
            properties["DeadLetterReason"] = DeadLetterReason;
        }

        return new Message
        {
            Header = new Header { Durable = _durable, DeliveryCount = (uint)FailedDeliveries },
            MessageAnnotations = new MessageAnnotations
            {
                [new Symbol("x-opt-sequence-number")] = Sequence,
                [new Symbol("x-opt-enqueued-time")] = EnqueuedAt.UtcDateTime,
                [new Symbol("x-opt-locked-until")] = LockedUntil.UtcDateTime,
            },
            Properties = _properties,
            ApplicationProperties = properties,
            BodySection = _body,
        };
    }

    public ServiceBusMessage Show(ServiceBusMessageState state) => new(
        state, Sequence, $"{_properties?.GetMessageId()}", (_body as Data)?.Binary ?? [], _body is Data, _durable, FailedDeliveries, EnqueuedAt,
        state == ServiceBusMessageState.Locked ? LockedUntil : null, DeadLetterReason);

    private static DateTimeOffset? Scheduled(Message message) =>
        message.MessageAnnotations?[ScheduledFor] is DateTime at ? new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Utc)) : null;
}
