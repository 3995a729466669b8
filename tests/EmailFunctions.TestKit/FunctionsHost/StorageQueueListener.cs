using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// The queue trigger: polls a Storage queue, with longer and longer pauses while it is empty, keeps messages invisible while
/// their function runs, and moves those that failed too often to the poison queue.
/// </summary>
internal sealed class StorageQueueListener(
    FunctionDefinition function, QueueServiceClient service, HostFile file, FunctionsHostOptions options, FunctionInvoker invoker, HostLog log)
    : IAsyncDisposable
{
    private const string PoisonSuffix = "-poison";

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private readonly string _name = function.Trigger.Text("queueName")!;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _handling = [];
    private Task _polling = Task.CompletedTask;

    // A poison queue has none itself.
    private bool HasPoisonQueue => !_name.EndsWith(PoisonSuffix, StringComparison.OrdinalIgnoreCase);

    private QueueCounter Counter => log.Queue(_name);

    public void Start() => _polling = PollAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _polling;
        await Task.WhenAll(_handling);
        _stop.Dispose();
    }

    private async Task PollAsync()
    {
        var queue = service.GetQueueClient(_name);
        var pause = FirstPause;
        var longest = options.MaxPollingInterval ?? file.MaxPollingInterval;
        try
        {
            while (true)
            {
                while (_handling.RemoveAll(task => task.IsCompleted) >= 0 && _handling.Count > file.NewBatchThreshold)
                {
                    await Task.WhenAny(_handling).WaitAsync(_stop.Token);
                }

                var messages = await ReceiveAsync(queue);
                Counter.Received(messages.Length);
                foreach (var message in messages)
                {
                    _handling.Add(Task.Run(() => HandleAsync(queue, message)));
                }

                if (messages.Length > 0)
                {
                    pause = FirstPause;
                    continue;
                }

                await Task.Delay(pause, invoker.Time, _stop.Token);
                pause = pause * 2 < longest ? pause * 2 : longest;
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    // A queue that is not there yet is an empty one.
    private async Task<QueueMessage[]> ReceiveAsync(QueueClient queue)
    {
        try
        {
            return await queue.ReceiveMessagesAsync(file.BatchSize, options.QueueLease, _stop.Token);
        }
        catch (RequestFailedException error) when (error.ErrorCode == QueueErrorCode.QueueNotFound)
        {
            return [];
        }
#pragma warning disable CA1031 // A request that is cancelled while its answer is read ends in whatever the HTTP stack makes of that.
        catch (Exception error) when (error is not OperationCanceledException)
#pragma warning restore CA1031
        {
            _stop.Token.ThrowIfCancellationRequested();
            log.AddProblem($"{_name}: {error.Message}");
            return [];
        }
    }

    private async Task HandleAsync(QueueClient queue, QueueMessage message)
    {
        try
        {
            // It was begun that often already, and nobody lived to say how it went.
            if (message.DequeueCount > file.MaxDequeueCount)
            {
                // One on a poison queue stays where it is, and the function is not called for it any more.
                if (HasPoisonQueue)
                {
                    await PoisonAsync(queue, message, message.PopReceipt);
                }

                return;
            }

            if (StorageQueuePayload.Read(function, message, file.Base64Messages, invoker.Time.GetUtcNow()) is not { } payload)
            {
                log.AddProblem($"{_name}: a message is not base64.");
                await PoisonAsync(queue, message, message.PopReceipt);
                return;
            }

            using var ended = new CancellationTokenSource();
            var renewing = RenewAsync(queue, message, ended.Token);
            var record = await invoker.TriggerAsync(function, payload, (int)message.DequeueCount);
            await ended.CancelAsync();
            await SettleAsync(queue, message, await renewing, record.Succeeded);
        }
#pragma warning disable CA1031 // Whatever it is, the message shows up again by itself.
        catch (Exception error)
#pragma warning restore CA1031
        {
            log.AddProblem($"{_name}: {error.Message}");
        }
    }

    private async Task SettleAsync(QueueClient queue, QueueMessage message, string receipt, bool succeeded)
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        if (succeeded)
        {
            await DeleteAsync(queue, message, receipt);
            Counter.Completed();
        }
        else if (!HasPoisonQueue)
        {
            // It stays invisible until its lease ends, so that it does not fail in a circle.
            Counter.Abandoned();
        }
        else if (message.DequeueCount >= file.MaxDequeueCount)
        {
            await PoisonAsync(queue, message, receipt);
        }
        else
        {
            await queue.UpdateMessageAsync(message.MessageId, receipt, visibilityTimeout: file.VisibilityTimeout);
            Counter.Abandoned();
        }
    }

    private async Task PoisonAsync(QueueClient queue, QueueMessage message, string receipt)
    {
        if (HasPoisonQueue)
        {
            var poison = service.GetQueueClient(_name + PoisonSuffix);
            await poison.CreateIfNotExistsAsync();
            await poison.SendMessageAsync(message.Body);
        }

        await DeleteAsync(queue, message, receipt);
        Counter.Poisoned();
    }

    // Gone already is as good, also to the real host: the answer to an earlier try may be all that got lost.
    private static async Task DeleteAsync(QueueClient queue, QueueMessage message, string receipt)
    {
        try
        {
            await queue.DeleteMessageAsync(message.MessageId, receipt);
        }
        catch (RequestFailedException error) when (error.ErrorCode == QueueErrorCode.MessageNotFound)
        {
        }
    }

    /// <summary>Keeps the message invisible; returns the receipt that counts in the end.</summary>
    private async Task<string> RenewAsync(QueueClient queue, QueueMessage message, CancellationToken ended)
    {
        var receipt = message.PopReceipt;
        while (true)
        {
            try
            {
                await Task.Delay(options.QueueLease / 2, invoker.Time, ended);

                // Not cancelled half-way, since the receipt is another one afterwards.
                UpdateReceipt renewed = await queue.UpdateMessageAsync(message.MessageId, receipt, visibilityTimeout: options.QueueLease, cancellationToken: CancellationToken.None);
                receipt = renewed.PopReceipt;
                Counter.Renewed();
            }
            catch (OperationCanceledException)
            {
                return receipt;
            }
            catch (Exception error) when (error is RequestFailedException or AggregateException)
            {
                log.AddProblem($"{_name}: {error.Message}");
                return receipt;
            }
        }
    }
}
