using Amqp;
using Amqp.Types;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// The Service Bus trigger: receives with a lock, no more at a time than host.json allows, completes a message after a success
/// and abandons it after a failure, by which it is there again at once. Locks are not renewed.
/// </summary>
internal sealed class ServiceBusListener(
    FunctionDefinition function, ServiceBusLogin login, int maxConcurrentCalls, FunctionInvoker invoker, HostLog log) : IAsyncDisposable
{
    private static readonly TimeSpan ReconnectPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ReceiveWait = TimeSpan.FromMilliseconds(500);

    private readonly string _queue = function.Trigger.Text("queueName")!;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _handling = [];
    private readonly Lock _settling = new();
    private Task _receiving = Task.CompletedTask;

    public void Start() => _receiving = Task.Run(ReconnectAsync);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _receiving;
        await Task.WhenAll(_handling);
        _stop.Dispose();
    }

    private async Task ReconnectAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Connection? connection = null;
            try
            {
                connection = await login.ConnectAsync(_queue);
                await ReceiveAsync(new ReceiverLink(new Session(connection), $"host-{Guid.NewGuid():N}", _queue));
            }
#pragma warning disable CA1031 // Whatever the library throws, the host tries again.
            catch (Exception error)
#pragma warning restore CA1031
            {
                log.AddProblem($"{_queue}: {error.Message}");
                await Task.WhenAny(Task.Delay(ReconnectPause, _stop.Token));
            }
            finally
            {
                // Without a detach first: locks end with the connection.
                connection?.Close(TimeSpan.Zero, null);
            }
        }
    }

    private async Task ReceiveAsync(ReceiverLink link)
    {
        // A credit comes back with each settlement, so no more than that are in hand.
        link.SetCredit(maxConcurrentCalls, CreditMode.Auto, flowThreshold: 1);
        while (!_stop.IsCancellationRequested)
        {
            if (await link.ReceiveAsync(ReceiveWait) is { } message)
            {
                log.Queue(_queue).Received(1);
                _handling.RemoveAll(task => task.IsCompleted);
                _handling.Add(Task.Run(() => HandleAsync(link, message)));
            }
            else if (link.IsClosed)
            {
                throw new AmqpException(link.Error ?? new Amqp.Framing.Error(new Symbol(ErrorCode.DetachForced)) { Description = "The link is closed." });
            }
        }
    }

    private async Task HandleAsync(ReceiverLink link, Message message)
    {
        var payload = ServiceBusPayload.Read(function, message, _queue, invoker.Time.GetUtcNow());
        var record = await invoker.TriggerAsync(function, payload, ServiceBusPayload.DeliveryCount(message));
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        // Counted first, so that whoever sees the broker's state finds it counted.
        try
        {
            // One after another: each gives a credit back, and the library lets those of two threads overtake each other.
            lock (_settling)
            {
                Settle(link, message, record.Succeeded);
            }
        }
        catch (AmqpException error)
        {
            // The lock went with the link; the message comes again.
            log.AddProblem($"{_queue}: {error.Message}");
        }
    }

    private void Settle(ReceiverLink link, Message message, bool succeeded)
    {
        if (succeeded)
        {
            log.Queue(_queue).Completed();
            link.Accept(message);
        }
        else
        {
            log.Queue(_queue).Abandoned();
            link.Modify(message, deliveryFailed: true);
        }
    }
}
