using Amqp.Framing;
using Amqp.Listener;

namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>The broker's end of a link on which a client receives from a queue.</summary>
internal sealed class ReceiveEndpoint(ServiceBusQueue queue, ListenerLink link, OpenLinks links) : LinkEndpoint
{
    public ListenerLink Link { get; } = link;

    /// <summary>How many more messages the client wants; the queue's alone to use.</summary>
    public int Credit { get; set; }

    public override void OnFlow(FlowContext flowContext)
    {
        links.Touch(Link);
        queue.Grant(this, flowContext.Messages);
    }

    public override void OnDisposition(DispositionContext dispositionContext)
    {
        links.Touch(Link);
        queue.Settle(this, dispositionContext);
    }

    public override void OnLinkClosed(ListenerLink link, Error error)
    {
        links.Remove(link);
        queue.Forget(this);
    }
}
