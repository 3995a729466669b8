using Amqp;
using Amqp.Framing;
using Amqp.Types;

namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>What goes over the link at once: a message, or an envelope with several.</summary>
/// <param name="Messages">What it carries.</param>
internal sealed record Transfer(IReadOnlyList<OutgoingMessage> Messages)
{
    // What Service Bus and its clients agree on; an envelope's sections are encoded messages.
    private const uint EnvelopeFormat = 0x80013700;

    /// <summary>Makes it anew, since the library keeps the state of a delivery in its message.</summary>
    public Message Encode()
    {
        if (Messages is [var single])
            return single.ToMessage();

        var sections = new DataList();
        foreach (var message in Messages)
            sections.Add(new Data { Binary = message.Encoded });
        return new Message
        {
            Format = EnvelopeFormat,
            Header = new Header { Durable = true },
            Properties = new Properties { MessageId = Messages[0].Id },
            BodySection = sections,
        };
    }
}

/// <summary>A message to send.</summary>
internal sealed class OutgoingMessage
{
    private static readonly Symbol ScheduledFor = "x-opt-scheduled-enqueue-time";

    private readonly QueueMessage _message;

    /// <param name="message">The message.</param>
    /// <param name="now">Whoever was to be delivered before is due.</param>
    public OutgoingMessage(QueueMessage message, DateTimeOffset now)
    {
        _message = message;
        IsDue = !(message.VisibleAt > now);
        var buffer = ToMessage().Encode();
        Encoded = buffer.Buffer.AsSpan(buffer.Offset, buffer.Length).ToArray();
    }

    /// <summary>Another one for each message, the same for its repetitions.</summary>
    public string Id { get; } = Guid.NewGuid().ToString("N");

    public bool IsDue { get; }

    public byte[] Encoded { get; }

    public Message ToMessage()
    {
        var message = new Message
        {
            Header = new Header { Durable = true },
            Properties = new Properties { MessageId = Id },
            BodySection = new Data { Binary = _message.Body.ToArray() },
        };
        if (!IsDue)
            message.MessageAnnotations = new MessageAnnotations { [ScheduledFor] = MillisecondsUp(_message.VisibleAt!.Value) };
        return message;
    }

    // AMQP has whole milliseconds. Rounded up, since a message is not delivered before its time.
    private static DateTime MillisecondsUp(DateTimeOffset time)
    {
        var ticks = time.UtcTicks + TimeSpan.TicksPerMillisecond - 1;
        return new DateTime(ticks - (ticks % TimeSpan.TicksPerMillisecond), DateTimeKind.Utc);
    }
}

/// <summary>Puts messages into transfers.</summary>
internal static class TransferPlan
{
    // What an envelope has around its sections, and around each of them; roughly double of what was measured.
    private const int EnvelopeOverhead = 256;
    private const int SectionOverhead = 16;

    /// <summary>
    /// Messages that are due share envelopes, as few as the largest size allows, in their order. Scheduled ones go alone: each is a
    /// message of its own to Service Bus in any case, and that envelopes may carry them is written nowhere.
    /// </summary>
    public static List<Transfer> Of(IEnumerable<OutgoingMessage> messages, int maxBytes, bool useEnvelopes)
    {
        var transfers = new List<Transfer>();
        var envelope = new List<OutgoingMessage>();
        var size = EnvelopeOverhead;
        foreach (var message in messages)
        {
            if (!message.IsDue || !useEnvelopes)
            {
                transfers.Add(new Transfer([message]));
                continue;
            }

            var added = message.Encoded.Length + SectionOverhead;
            if (envelope.Count > 0 && size + added > maxBytes)
            {
                transfers.Add(new Transfer([.. envelope]));
                envelope.Clear();
                size = EnvelopeOverhead;
            }

            envelope.Add(message);
            size += added;
        }

        if (envelope.Count > 0)
            transfers.Add(new Transfer([.. envelope]));
        return transfers;
    }
}
