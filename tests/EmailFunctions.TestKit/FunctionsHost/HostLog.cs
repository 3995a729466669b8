using System.Collections.Concurrent;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>Everything the host wrote down; any thread may add.</summary>
internal sealed class HostLog
{
    private readonly ConcurrentQueue<InvocationRecord> _invocations = new();
    private readonly ConcurrentQueue<WorkerEvent> _workerEvents = new();
    private readonly ConcurrentQueue<string> _problems = new();
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly ConcurrentDictionary<string, QueueCounter> _queues = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyList<InvocationRecord> Invocations => [.. _invocations];

    public IReadOnlyList<WorkerEvent> WorkerEvents => [.. _workerEvents];

    public IReadOnlyList<string> Problems => [.. _problems];

    public IReadOnlyList<string> Output => [.. _output];

    public IReadOnlyList<string> Errors => [.. _errors];

    public void Add(InvocationRecord invocation) => _invocations.Enqueue(invocation);

    public void Add(WorkerEvent workerEvent) => _workerEvents.Enqueue(workerEvent);

    public void AddProblem(string problem) => _problems.Enqueue(problem);

    public void AddOutput(string line) => _output.Enqueue(line);

    public void AddError(string line) => _errors.Enqueue(line);

    public QueueCounter Queue(string name) => _queues.GetOrAdd(name, _ => new QueueCounter());
}

/// <summary>Counts one queue's operations.</summary>
internal sealed class QueueCounter
{
    private int _receives;
    private int _messages;
    private int _completes;
    private int _abandons;
    private int _renewals;
    private int _poisoned;

    public QueueOperations Now => new(_receives, _messages, _completes, _abandons, _renewals, _poisoned);

    public void Received(int messages)
    {
        Interlocked.Increment(ref _receives);
        Interlocked.Add(ref _messages, messages);
    }

    public void Completed() => Interlocked.Increment(ref _completes);

    public void Abandoned() => Interlocked.Increment(ref _abandons);

    public void Renewed() => Interlocked.Increment(ref _renewals);

    public void Poisoned() => Interlocked.Increment(ref _poisoned);
}
