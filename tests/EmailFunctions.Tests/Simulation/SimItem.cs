namespace EmailFunctions.Tests.Simulation;

/// <summary>Something to run, in the context that it belongs to.</summary>
/// <param name="Context">The process; when it is killed, the item is void.</param>
/// <param name="Callback">What runs.</param>
/// <param name="State">What it is given; of a timer's tick the timer.</param>
/// <param name="Setting">Which setting of the timer it is a tick of.</param>
internal readonly record struct SimItem(SimContext Context, SendOrPostCallback Callback, object? State, int Setting = 0)
{
    /// <summary>Runs a state that is an <see cref="Action"/>.</summary>
    public static readonly SendOrPostCallback Invoke = static state => ((Action)state!)();

    public bool IsVoid => Context.IsKilled || (State is SimTimer timer && timer.Setting != Setting);
}

/// <summary>When something is due; of two at one time the one that was put in first comes first.</summary>
internal readonly record struct SimDue(TimeSpan At, long Order) : IComparable<SimDue>
{
    public int CompareTo(SimDue other) => At != other.At ? At.CompareTo(other.At) : Order.CompareTo(other.Order);
}
