namespace EmailFunctions.Functions;

/// <summary>A function that the host calls when its trigger fires, as <c>POST /{Name}</c>.</summary>
/// <param name="Name">Its name in the portal, in settings and in the host's calls.</param>
/// <param name="Trigger">What fires it.</param>
/// <param name="RunAsync">What it does; when it throws, the host delivers a queue's message again.</param>
internal sealed record TriggerFunction(string Name, Trigger Trigger, Func<TriggerCall, CancellationToken, Task> RunAsync)
{
    /// <summary>How long a call that failed waits before it says so. A dead-letter queue counts no deliveries, so its message would come again at once, for ever.</summary>
    public TimeSpan PauseAfterFailure { get; init; }
}

/// <summary>What fires a function.</summary>
internal abstract record Trigger;

/// <summary>A message on a Service Bus queue.</summary>
/// <param name="Queue">The queue, or <c>{queue}/$DeadLetterQueue</c>.</param>
internal sealed record ServiceBusTrigger(string Queue) : Trigger
{
    public const string DeadLetters = "/$DeadLetterQueue";
}

/// <summary>A message on a queue of the storage account.</summary>
/// <param name="Queue">The queue, or <c>{queue}-poison</c>, which the host moves messages to that failed too often.</param>
internal sealed record StorageQueueTrigger(string Queue) : Trigger
{
    public const string Poison = "-poison";
}

/// <summary>The clock.</summary>
/// <param name="Schedule">An NCRONTAB expression of six fields, in UTC.</param>
internal sealed record TimerTrigger(string Schedule) : Trigger;

/// <summary>What the host says with a call.</summary>
/// <param name="Body">The queue's message as it was put there; empty for a timer.</param>
/// <param name="MessageId">The queue's own id of the message; empty where it has none.</param>
/// <param name="DeliveryCount">1 on the first delivery.</param>
/// <param name="TraceParent">The message's W3C trace context; null where its sender gave none.</param>
internal sealed record TriggerCall(ReadOnlyMemory<byte> Body, string MessageId, int DeliveryCount, string? TraceParent)
{
    /// <summary>The message's property <c>email_tenant</c>; null: it has none.</summary>
    public string? ProducerTenant { get; init; }
}
