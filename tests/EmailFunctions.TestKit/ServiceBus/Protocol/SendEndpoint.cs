using Amqp;
using Amqp.Framing;
using Amqp.Listener;

namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>The broker's end of a link on which a client sends to a queue.</summary>
internal sealed class SendEndpoint(ServiceBusQueue queue, ListenerLink link, OpenLinks links) : LinkEndpoint
{
    public override void OnMessage(MessageContext messageContext)
    {
        // What comes on a link that the broker has detached is lost.
        if (link.LinkState != LinkState.Attached)
        {
            return;
        }

        links.Touch(link);
        queue.Take(messageContext);
    }

    public override void OnFlow(FlowContext flowContext)
    {
    }

    public override void OnDisposition(DispositionContext dispositionContext)
    {
    }

    public override void OnLinkClosed(ListenerLink link, Error error) => links.Remove(link);
}
