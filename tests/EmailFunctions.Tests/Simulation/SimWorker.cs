using EmailFunctions.Queueing;
using Xunit.Sdk;

namespace EmailFunctions.Tests.Simulation;

/// <summary>How a worker works.</summary>
internal sealed record SimWorkerSettings
{
    /// <summary>How wrong its clock is.</summary>
    public TimeSpan ClockOffset { get; init; }

    /// <summary>Messages that it has in hand at once.</summary>
    public int Concurrency { get; init; } = 8;

    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether it extends the leases of what is in hand; if not, a slow message is delivered again meanwhile.</summary>
    public bool RenewsLeases { get; init; } = true;

    /// <summary>A message that fails so often is dropped, and left to the sweep.</summary>
    public int MaxDeliveries { get; init; } = 20;

    /// <summary>Of its completions: one that fails brings the message back when its lease ends.</summary>
    public SimFaults Faults { get; init; } = new();

    /// <summary>Exceptions for which a message is given back; any other fails the run.</summary>
    public Func<Exception, bool> IsExpected { get; init; } = static exception => exception is not IAssertionException;
}

/// <summary>A process that takes messages from the queue: what the Functions host is in Azure, and the pump on a desk.</summary>
internal sealed class SimWorker
{
    private static readonly SendOrPostCallback OnPump = static worker => ((SimWorker)worker!).Pump();

    private readonly SimQueue _queue;
    private readonly SimWorkerSettings _settings;
    private readonly Action _wake;
    private Func<ReadOnlyMemory<byte>, CancellationToken, Task>? _handle;
    private bool _isPumping;
    private bool _isWaiting;

    public SimWorker(SimLoop loop, string name, SimQueue queue, SimWorkerSettings? settings = null)
    {
        _queue = queue;
        _settings = settings ?? new SimWorkerSettings();
        _wake = Wake;
        Context = new SimContext(loop, name);
        Clock = new SimClock(Context, _settings.ClockOffset);
    }

    /// <summary>The process: what the worker's parts are made with.</summary>
    public SimContext Context { get; }

    public SimClock Clock { get; }

    public int InHand { get; private set; }

    /// <summary>Messages that were dropped, having failed too often.</summary>
    public int Dropped { get; private set; }

    /// <summary>Starts to take messages. The token that they are handled with is never cancelled: what ends a worker is a kill.</summary>
    public void Start(Func<ReadOnlyMemory<byte>, CancellationToken, Task> handle)
    {
        _handle = handle;
        PumpSoon();
    }

    /// <summary>Ends the process at once, in the middle of whatever it does. Its leases run out.</summary>
    public void Kill() => Context.Kill();

    /// <summary>A kill from within: to be awaited, since it never returns.</summary>
    public SimPause CrashAsync()
    {
        Kill();
        return Context.Pause();
    }

    private void Wake()
    {
        _isWaiting = false;
        PumpSoon();
    }

    private void PumpSoon()
    {
        if (_isPumping)
            return;
        _isPumping = true;
        Context.Post(OnPump, this);
    }

    // One message a step, so that the workers compete for them.
    private void Pump()
    {
        _isPumping = false;
        if (InHand >= _settings.Concurrency)
            return;
        if (_queue.TryReceive(_settings.Lease) is { } message)
        {
            Handle(message);
            PumpSoon();
        }
        else if (!_isWaiting)
        {
            _isWaiting = true;
            _queue.WhenVisible(_wake);
        }
    }

    // What is thrown here fails the run.
    private async void Handle(LeasedMessage message)
    {
        InHand++;
        using var renewal = StartRenewing(message);
        try
        {
            await _handle!(message.Body, CancellationToken.None);
            await SettleAsync(message);
        }
        catch (Exception exception) when (_settings.IsExpected(exception))
        {
            GiveBack(message);
        }

        InHand--;
        PumpSoon();
    }

    private SimTimer? StartRenewing(LeasedMessage message)
    {
        if (!_settings.RenewsLeases)
            return null;
        var timer = new SimTimer(Context, _ => _queue.Renew(message, _settings.Lease), null);
        timer.Change(_settings.Lease / 3, _settings.Lease / 3);
        return timer;
    }

    private async Task SettleAsync(LeasedMessage message)
    {
        await _settings.Faults.Travel(Context);
        if (_settings.Faults.Draw(Context.Loop.Random) != SimFault.Before)
            _queue.Complete(message);
    }

    private void GiveBack(LeasedMessage message)
    {
        // The rest of a stack on which the kill came gives nothing back.
        if (Context.IsKilled)
            return;
        if (message.DeliveryCount < _settings.MaxDeliveries)
        {
            _queue.Abandon(message, TimeSpan.FromSeconds(Math.Min(60, Math.Pow(2, message.DeliveryCount))));
            return;
        }

        Dropped++;
        _queue.Complete(message);
    }
}
