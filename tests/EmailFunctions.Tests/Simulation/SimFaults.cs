using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Simulation;

/// <summary>How slow and how unreliable the store or the queue is.</summary>
internal sealed class SimFaults
{
    /// <summary>How likely a call fails before it does anything.</summary>
    public double Before { get; set; }

    /// <summary>How likely a call fails after it was done.</summary>
    public double After { get; set; }

    /// <summary>The longest time that a call takes to arrive; with zero others may still come first.</summary>
    public TimeSpan MaxLatency { get; set; }

    /// <summary>The way of a call to the store.</summary>
    public SimPause Travel(SimContext context) =>
        context.Pause(MaxLatency > TimeSpan.Zero ? TimeSpan.FromTicks(context.Loop.Random.NextInt64(MaxLatency.Ticks + 1)) : TimeSpan.Zero);

    /// <summary>Decides what becomes of a call.</summary>
    public SimFault Draw(Random random)
    {
        if (Before + After <= 0)
            return SimFault.None;
        var drawn = random.NextDouble();
        return drawn < Before ? SimFault.Before : drawn < Before + After ? SimFault.After : SimFault.None;
    }

    /// <summary>Throws what the caller of a failed call sees.</summary>
    public static void ThrowIf(bool isFault)
    {
        if (isFault)
            throw new StoreUnavailableException("The call failed, says the simulation.");
    }
}

/// <summary>What goes wrong with a call.</summary>
internal enum SimFault
{
    None,

    /// <summary>It does not take place.</summary>
    Before,

    /// <summary>It takes place, and the answer is lost.</summary>
    After,
}
