namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>A frame or a protocol header as it is on the wire.</summary>
/// <param name="Bytes">All of it.</param>
internal sealed record AmqpFrame(byte[] Bytes)
{
    public const int NoPerformative = -1;

    // Descriptor codes of AMQP 1.0, section 2.7.
    public const int Open = 0x10;
    public const int Attach = 0x12;
    public const int Transfer = 0x14;
    public const int Disposition = 0x15;

    private const int HeaderSize = 8;
    private const byte SmallUlong = 0x53;
    private const byte Ulong = 0x80;

    public bool IsProtocolHeader => Bytes.AsSpan().StartsWith("AMQP"u8);

    /// <summary>Where the performative begins.</summary>
    public int Start => Bytes[4] * 4;

    /// <summary>The performative's descriptor code; none for headers and heartbeats.</summary>
    public int Code
    {
        get
        {
            if (IsProtocolHeader || Bytes.Length < HeaderSize + 3 || Bytes.Length < Start + 3)
            {
                return NoPerformative;
            }

            return Bytes[Start + 1] switch
            {
                SmallUlong => Bytes[Start + 2],
                Ulong => Bytes[Start + 9],
                _ => NoPerformative,
            };
        }
    }

    /// <summary>Reads the next frame; null where the stream ends, in the middle of a frame too.</summary>
    public static async Task<AmqpFrame?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new byte[4];
        if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) < head.Length)
        {
            return null;
        }

        var size = head.AsSpan().SequenceEqual("AMQP"u8) ? HeaderSize : (head[0] << 24) | (head[1] << 16) | (head[2] << 8) | head[3];
        if (size < HeaderSize)
        {
            throw new InvalidDataException($"A frame of {size} bytes.");
        }

        var bytes = new byte[size];
        head.CopyTo(bytes, 0);
        var rest = bytes.AsMemory(head.Length);
        return await stream.ReadAtLeastAsync(rest, rest.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) < rest.Length
            ? null
            : new AmqpFrame(bytes);
    }
}
