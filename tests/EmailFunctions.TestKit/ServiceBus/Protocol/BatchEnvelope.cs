using Amqp;
using Amqp.Framing;

namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>What a transfer carries: one message, or an envelope with many.</summary>
internal static class BatchEnvelope
{
    private const uint BatchFormat = 0x80013700;

    public static List<Message> Open(Message transferred)
    {
        if (transferred.Format != BatchFormat)
        {
            return [transferred];
        }

        return transferred.BodySection switch
        {
            Data one => [Decode(one)],
            DataList many => [.. Enumerable.Range(0, many.Count).Select(index => Decode(many[index]))],
            _ => throw new AmqpException(ErrorCode.DecodeError, "An envelope holds data sections."),
        };
    }

    private static Message Decode(Data section)
    {
        byte[] bytes = [.. section.Binary];
        return Message.Decode(new ByteBuffer(bytes, 0, bytes.Length, bytes.Length));
    }
}
