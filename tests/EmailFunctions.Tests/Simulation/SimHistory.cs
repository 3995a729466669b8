namespace EmailFunctions.Tests.Simulation;

/// <summary>The start of a provider call.</summary>
/// <param name="At">In true virtual time, whatever the worker's clock said.</param>
/// <param name="Message">The message that was sent.</param>
/// <param name="Worker">The worker that sent it.</param>
internal readonly record struct SimCall(DateTimeOffset At, string Message, string Worker);

/// <summary>What reached the provider, in the order of its time.</summary>
internal sealed class SimHistory(SimLoop loop)
{
    private readonly List<SimCall> _calls = [];

    public IReadOnlyList<SimCall> Calls => _calls;

    /// <summary>To be called where the provider call starts.</summary>
    public void Record(string message, SimContext worker) => _calls.Add(new SimCall(loop.UtcNow, message, worker.Name));

    /// <summary>The times of all calls, or of those of some messages.</summary>
    public List<DateTimeOffset> Times(Func<SimCall, bool>? which = null)
    {
        var times = new List<DateTimeOffset>(_calls.Count);
        foreach (var call in _calls)
        {
            if (which is null || which(call))
                times.Add(call.At);
        }

        return times;
    }

    /// <summary>
    /// The most of these times that lie within one window, wherever it begins. A window does not hold its end: of two times exactly
    /// a window apart it holds one.
    /// </summary>
    /// <param name="times">In order.</param>
    /// <param name="window">The window's length.</param>
    /// <exception cref="ArgumentException">The times are not in order.</exception>
    public static int MaxInAnyWindow(IReadOnlyList<DateTimeOffset> times, TimeSpan window)
    {
        var (most, first) = (0, 0);
        for (var last = 0; last < times.Count; last++)
        {
            if (last > 0 && times[last] < times[last - 1])
                throw new ArgumentException("The times are not in order.", nameof(times));
            while (times[last] - times[first] >= window)
                first++;
            most = Math.Max(most, last - first + 1);
        }

        return most;
    }
}
