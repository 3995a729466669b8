using Amqp;
using Amqp.Framing;
using Amqp.Listener;

namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>Decides about links that clients want to open.</summary>
internal sealed class AttachDesk(Func<string, ServiceBusQueue?> queues, TokenDesk tokens, OpenLinks links) : ILinkProcessor
{
    private const int SendCredit = 1_000;

    private readonly Lock _gate = new();
    private int _refusals;
    private string _condition = "";

    public void RefuseNext(int times, string condition)
    {
        lock (_gate)
        {
            (_refusals, _condition) = (times, condition);
        }
    }

    public void Process(AttachContext attachContext)
    {
        var attach = attachContext.Attach;
        var entity = (attach.Role ? (attach.Source as Source)?.Address : (attach.Target as Target)?.Address) ?? "";
        if (Refusal(attachContext.Link.Session.Connection, entity) is { } error)
        {
            attachContext.Complete(error);
            return;
        }

        var queue = queues(entity)!;
        var link = attachContext.Link;
        links.Add(link, entity);
        attach.MaxMessageSize = (ulong)queue.Options.MaxTransferBytes;
        LinkEndpoint endpoint = attach.Role ? new ReceiveEndpoint(queue, link, links) : new SendEndpoint(queue, link, links);
        attachContext.Complete(endpoint, attach.Role ? 0 : SendCredit);
    }

    private Error? Refusal(Connection connection, string entity)
    {
        lock (_gate)
        {
            if (_refusals > 0)
            {
                _refusals--;
                return OpenLinks.NewError(_condition, "Told to.");
            }
        }

        if (!tokens.Allows(connection, entity))
        {
            return OpenLinks.NewError(ErrorCode.UnauthorizedAccess, "No token that is good for this entity.");
        }

        return queues(entity) is null ? OpenLinks.NewError(ErrorCode.NotFound, "No such entity.") : null;
    }
}
