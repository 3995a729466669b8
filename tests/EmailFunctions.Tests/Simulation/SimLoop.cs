namespace EmailFunctions.Tests.Simulation;

/// <summary>
/// Runs tasks of any number of simulated processes on one thread and in virtual time. What is ready to run waits in a list, from
/// which a seeded <see cref="System.Random"/> takes the next, so that tasks interleave in any order and a seed brings one back;
/// when nothing is ready, the time jumps to the next timer.
/// </summary>
/// <remarks>
/// Nothing may leave the thread, else a seed would not repeat its run; a continuation that comes back from another one fails the
/// run. That happens with <c>Task.Run</c>, <c>CancelAsync</c>, <c>SemaphoreSlim.WaitAsync</c> with a token that can be cancelled,
/// <c>ChannelReader.ReadAllAsync</c>, and with <c>Task.WhenAll</c>, <c>WhenAny</c> and <c>WaitAsync</c> of a task whose source
/// runs its continuations asynchronously.
/// </remarks>
internal sealed class SimLoop
{
    /// <summary>Steps after which a run counts as one that never ends.</summary>
    public const int DefaultSteps = 1_000_000;

    /// <summary>When virtual time begins.</summary>
    public static readonly DateTimeOffset Epoch = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private readonly List<SimItem> _ready = [];
    private readonly PriorityQueue<SimItem, SimDue> _later = new();
    private long _order;
    private volatile int _thread;
    private volatile string? _stray;

    public SimLoop(int seed)
    {
        Seed = seed;
        Random = new Random(seed);
        Main = new SimContext(this, "main");
    }

    public int Seed { get; }

    /// <summary>The only source of chance in a run.</summary>
    public Random Random { get; }

    /// <summary>Where the test's own tasks run; it is never killed.</summary>
    public SimContext Main { get; }

    /// <summary>The virtual time that has passed.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>The true virtual time, which no process knows exactly.</summary>
    public DateTimeOffset UtcNow => Epoch + Elapsed;

    public long Steps { get; private set; }

    /// <summary>A number that all steps so far went into: two runs that took the same course have the same.</summary>
    public ulong Digest { get; private set; } = 14695981039346656037;

    /// <summary>Runs until <paramref name="done"/>, which is asked before each step.</summary>
    /// <exception cref="SimFailure">A task failed, nothing is left that could happen, or it takes too many steps.</exception>
    public void RunUntil(Func<bool> done, int maxSteps = DefaultSteps)
    {
        if (!Run(done, TimeSpan.MaxValue, maxSteps))
            throw Failed("Nothing is left that could happen.");
    }

    /// <summary>Runs all that happens within a time, the end included.</summary>
    /// <exception cref="SimFailure">A task failed, or it takes too many steps.</exception>
    public void RunFor(TimeSpan time, int maxSteps = DefaultSteps)
    {
        var end = Elapsed + time;
        Run(static () => false, end, maxSteps);
        Elapsed = end;
    }

    /// <summary>Runs a task of the test to its end, and all else that happens meanwhile.</summary>
    /// <exception cref="SimFailure">It failed, or another task did.</exception>
    public void Run(Func<Task> work, int maxSteps = DefaultSteps)
    {
        var isDone = false;
        Main.Start(async () =>
        {
            await work();
            isDone = true;
        });
        RunUntil(() => isDone, maxSteps);
    }

    /// <summary>Does something after a time.</summary>
    public void After(TimeSpan delay, Action action) => Schedule(new SimItem(Main, SimItem.Invoke, action), delay);

    /// <summary>Makes something ready to run.</summary>
    internal void Add(SimItem item)
    {
        if (item.Context.IsKilled)
            return;
        if (_thread is var thread and not 0 && thread != Environment.CurrentManagedThreadId)
            _stray = item.Context.Name;
        else
            _ready.Add(item);
    }

    /// <summary>Makes something ready to run after a time.</summary>
    internal void Schedule(SimItem item, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
            Add(item);
        else if (!item.Context.IsKilled)
            _later.Enqueue(item, new SimDue(Elapsed + delay, _order++));
    }

    // False: nothing is left that could happen up to the horizon.
    private bool Run(Func<bool> done, TimeSpan horizon, int maxSteps)
    {
        var outer = SynchronizationContext.Current;
        _thread = Environment.CurrentManagedThreadId;
        try
        {
            for (var steps = 0; !done(); steps++)
            {
                if (_ready.Count == 0 && !Advance(horizon))
                    return false;
                if (steps == maxSteps)
                    throw Failed($"There is no end after {maxSteps} steps.");
                Step();
            }

            return true;
        }
        finally
        {
            _thread = 0;
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    private void Step()
    {
        var index = Random.Next(_ready.Count);
        var item = _ready[index];
        _ready[index] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        if (item.IsVoid || !item.Context.Enter())
            return;
        Steps++;
        Digest = ((Digest ^ (ulong)index) * 1099511628211) ^ (ulong)Elapsed.Ticks;
        SynchronizationContext.SetSynchronizationContext(item.Context);
        try
        {
            item.Callback(item.State);
        }
        catch (Exception exception) when (exception is not SimFailure)
        {
            throw Failed($"A task of {item.Context.Name} failed: {exception.Message}", exception);
        }

        if (_stray is { } name)
            throw Failed($"A task of {name} left the simulation's thread (see SimLoop's remarks), so its run can't be repeated.");
    }

    // All that is due at one instant becomes ready together: which comes first is up to chance.
    private bool Advance(TimeSpan horizon)
    {
        while (_later.TryPeek(out var item, out var due))
        {
            if (item.IsVoid)
            {
                _later.Dequeue();
                continue;
            }

            if (due.At > horizon)
                return false;
            Elapsed = due.At;
            do
                _ready.Add(_later.Dequeue());
            while (_later.TryPeek(out _, out var next) && next.At == due.At);
            return true;
        }

        return false;
    }

    private SimFailure Failed(string message, Exception? inner = null) =>
        new($"{message} Seed {Seed}, step {Steps}, after {Elapsed:c}.", inner);
}

/// <summary>A simulated run failed; the message names its seed.</summary>
internal sealed class SimFailure(string message, Exception? inner) : Exception(message, inner);
