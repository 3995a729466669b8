namespace EmailFunctions.TestKit.Protocol;

/// <summary>The accepted messages, in order of acceptance.</summary>
internal sealed class MessageLog
{
    private readonly Lock _gate = new();
    private readonly List<SmtpSinkMessage> _messages = [];

    public AwaitableCount Count { get; } = new();

    public void Add(SmtpSinkMessage message)
    {
        lock (_gate)
        {
            _messages.Add(message);

            // Inside the lock, so that whoever the count wakes finds at least as many messages here.
            Count.Add(1);
        }
    }

    public IReadOnlyList<SmtpSinkMessage> Snapshot()
    {
        lock (_gate)
        {
            return [.. _messages];
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _messages.Clear();
            Count.Reset();
        }
    }
}
