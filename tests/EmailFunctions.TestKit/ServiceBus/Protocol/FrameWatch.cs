using Amqp;
using Amqp.Framing;
using Amqp.Types;

namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>Follows one connection's frames, and says where it is to be cut.</summary>
internal sealed class FrameWatch(AmqpCuts cuts)
{
    private const string TokenNode = "$cbs";

    // By channel and handle as the client numbers them, and by channel and delivery number.
    private readonly HashSet<(int Channel, uint Handle)> _tokenLinks = [];
    private readonly HashSet<(int Channel, uint Delivery)> _tokenDeliveries = [];
    private readonly HashSet<string> _tokenLinkNames = [];
    private readonly HashSet<(int Channel, uint Handle)> _tokenReplies = [];
    private readonly Lock _gate = new();
    private bool _begun;

    /// <summary>True where the connection ends before the broker gets this.</summary>
    public bool CutsBeforeBroker(AmqpFrame frame)
    {
        if (!_begun)
        {
            _begun = true;
            return cuts.Take(AmqpStep.Connected);
        }

        if (frame.Code == AmqpFrame.Attach)
        {
            Note((Attach)Read(frame), Channel(frame), _tokenLinks);
        }

        return frame.Code switch
        {
            AmqpFrame.Transfer => !IsToToken((Transfer)Read(frame), Channel(frame)) && cuts.Take(AmqpStep.TransferArrived),
            AmqpFrame.Disposition => ((Dispose)Read(frame)).Role && cuts.Take(AmqpStep.SettlementArrived),
            _ => false,
        };
    }

    /// <summary>True where the connection ends before the client gets this.</summary>
    public bool CutsBeforeClient(AmqpFrame frame) =>
        IsAnswer(frame) && cuts.Take(AmqpStep.TransferAnswered);

    /// <summary>True where the connection ends when the client has got this.</summary>
    public bool CutsAfterClient(AmqpFrame frame) => frame.Code switch
    {
        AmqpFrame.Open => cuts.Take(AmqpStep.Opened),
        AmqpFrame.Attach => !Note((Attach)Read(frame), Channel(frame), _tokenReplies) && cuts.Take(AmqpStep.Attached),
        AmqpFrame.Transfer => !IsFromToken((Transfer)Read(frame), Channel(frame)) && cuts.Take(AmqpStep.MessageDelivered),
        AmqpFrame.Disposition => IsAnswer(frame) && cuts.Take(AmqpStep.AnswerDelivered),
        _ => false,
    };

    private static int Channel(AmqpFrame frame) => (frame.Bytes[6] << 8) | frame.Bytes[7];

    private static object Read(AmqpFrame frame) =>
        Encoder.ReadObject(new ByteBuffer(frame.Bytes, frame.Start, frame.Bytes.Length - frame.Start, frame.Bytes.Length - frame.Start));

    // A side's attach says which handle it uses. The broker's may lack the node, so the link's name tells, too.
    private bool Note(Attach attach, int channel, HashSet<(int Channel, uint Handle)> links)
    {
        lock (_gate)
        {
            var isToken = (attach.Target as Target)?.Address == TokenNode || (attach.Source as Source)?.Address == TokenNode
                || _tokenLinkNames.Contains(attach.LinkName);
            if (isToken)
            {
                _tokenLinkNames.Add(attach.LinkName);
                links.Add((channel, attach.Handle));
            }

            return isToken;
        }
    }

    private bool IsToToken(Transfer transfer, int channel)
    {
        lock (_gate)
        {
            var isToken = _tokenLinks.Contains((channel, transfer.Handle));
            if (isToken)
            {
                _tokenDeliveries.Add((channel, transfer.DeliveryId));
            }

            return isToken;
        }
    }

    private bool IsFromToken(Transfer transfer, int channel)
    {
        lock (_gate)
        {
            return _tokenReplies.Contains((channel, transfer.Handle));
        }
    }

    // A disposition of the broker as the receiver of what the client sent.
    private bool IsAnswer(AmqpFrame frame)
    {
        if (frame.Code != AmqpFrame.Disposition || Read(frame) is not Dispose { Role: true } disposition)
        {
            return false;
        }

        lock (_gate)
        {
            return !_tokenDeliveries.Contains((Channel(frame), disposition.First));
        }
    }
}
