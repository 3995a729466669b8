using System.Text;
using Amqp;
using Amqp.Framing;
using Amqp.Types;
using Newtonsoft.Json.Linq;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>What a Service Bus trigger's function gets of one message.</summary>
internal static class ServiceBusPayload
{
    public static TriggerPayload Read(FunctionDefinition function, Message message, string queue, DateTimeOffset now)
    {
        var body = message.BodySection is Data data ? data.Binary : Encoding.UTF8.GetBytes(message.Body as string ?? "");
        object value = function.Trigger.IsBinary ? body : Encoding.UTF8.GetString(body);
        return TriggerPayload.Create(function.Trigger.Name, value, BindingData(message, queue), function.Name, now);
    }

    /// <summary>1 on the first delivery.</summary>
    public static int DeliveryCount(Message message) => (int)(message.Header?.DeliveryCount ?? 0) + 1;

    private static Dictionary<string, object?> BindingData(Message message, string queue)
    {
        var enqueued = Time(message, "x-opt-enqueued-time") ?? default;
        var expires = message.Header is { Ttl: > 0 and < uint.MaxValue } header
            ? enqueued + TimeSpan.FromMilliseconds(header.Ttl) : DateTimeOffset.MaxValue;
        var properties = message.Properties;
        var application = (message.ApplicationProperties?.Map ?? new Map()).ToDictionary(pair => $"{pair.Key}", pair => pair.Value);
        return new Dictionary<string, object?>
        {
            ["DeliveryCount"] = DeliveryCount(message),
            ["DeadLetterSource"] = Annotation(message, "x-opt-deadletter-source"),
            ["LockToken"] = (message.DeliveryTag is { Length: 16 } tag ? new Guid(tag) : Guid.NewGuid()).ToString(),
            ["ExpiresAtUtc"] = expires.UtcDateTime,
            ["ExpiresAt"] = expires,
            ["EnqueuedTimeUtc"] = enqueued.UtcDateTime,
            ["EnqueuedTime"] = enqueued,
            ["MessageId"] = properties?.GetMessageId()?.ToString(),
            ["ContentType"] = properties?.ContentType?.ToString(),
            ["ReplyTo"] = properties?.ReplyTo,
            ["SequenceNumber"] = Annotation(message, "x-opt-sequence-number") ?? 0L,
            ["To"] = properties?.To,
            ["Subject"] = properties?.Subject,
            ["Label"] = properties?.Subject,
            ["CorrelationId"] = properties?.GetCorrelationId()?.ToString(),
            ["ApplicationProperties"] = application,
            ["UserProperties"] = application,
            ["SessionId"] = properties?.GroupId,
            ["ReplyToSessionId"] = properties?.ReplyToGroupId,
            ["PartitionKey"] = Annotation(message, "x-opt-partition-key"),

            // Live objects of the SDK, which the host serialises like everything else.
            ["MessageReceiver"] = new JObject { ["FullyQualifiedNamespace"] = "localhost", ["EntityPath"] = queue, ["ReceiveMode"] = 0, ["PrefetchCount"] = 0, ["IsClosed"] = false },
            ["MessageActions"] = new JObject(),
            ["ReceiveActions"] = new JObject(),
            ["Client"] = new JObject { ["FullyQualifiedNamespace"] = "localhost", ["IsClosed"] = false, ["TransportType"] = 0 },
        };
    }

    private static object? Annotation(Message message, string name) => message.MessageAnnotations?[new Symbol(name)];

    private static DateTimeOffset? Time(Message message, string name) =>
        Annotation(message, name) is DateTime time ? new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc)) : null;
}
