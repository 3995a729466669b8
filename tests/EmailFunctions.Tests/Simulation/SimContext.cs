using System.Runtime.CompilerServices;

namespace EmailFunctions.Tests.Simulation;

/// <summary>
/// A simulated process: what was started in it stays in it, through all awaits, and ends with it. After a kill nothing of it runs
/// again; only a call that is on the stack right then goes on to its next await.
/// </summary>
internal sealed class SimContext(SimLoop loop, string name) : SynchronizationContext
{
    private long _steps;
    private long _lastStep = long.MaxValue;

    public SimLoop Loop { get; } = loop;

    public string Name { get; } = name;

    public bool IsKilled { get; private set; }

    /// <summary>Called once, in the main context, soon after the kill: there a successor can be started.</summary>
    public Action? Killed { get; set; }

    /// <summary>Starts a task; when it fails, the run fails.</summary>
    public void Start(Func<Task> work) => Post(static state => Watch((Func<Task>)state!), work);

    /// <summary>Lets others run, and time pass.</summary>
    public SimPause Pause(TimeSpan time = default) => new(this, time);

    public void Kill()
    {
        if (IsKilled)
            return;
        IsKilled = true;
        if (Killed is not null)
            Loop.Add(new SimItem(Loop.Main, SimItem.Invoke, Killed));
    }

    /// <summary>Has the process killed after so many more of its steps, whatever it is doing then.</summary>
    public void KillAfterSteps(int steps) => _lastStep = _steps + steps;

    public override void Post(SendOrPostCallback d, object? state) => Loop.Add(new SimItem(this, d, state));

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Counts a step; false when it must not be taken.</summary>
    internal bool Enter()
    {
        if (_steps++ >= _lastStep)
            Kill();
        return !IsKilled;
    }

    // What an async void method throws is posted to its context, and so fails the run.
    private static async void Watch(Func<Task> work) => await work();
}

/// <summary>An await that a context resumes from after a time; cheaper than a task.</summary>
internal readonly struct SimPause(SimContext context, TimeSpan time) : ICriticalNotifyCompletion
{
    public bool IsCompleted => false;

    public SimPause GetAwaiter() => this;

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) =>
        context.Loop.Schedule(new SimItem(context, SimItem.Invoke, continuation), time);

    public void GetResult()
    {
    }
}
