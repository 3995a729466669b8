namespace EmailFunctions.Sweeps;

/// <summary>
/// Work that is to be done again and again, in runs of bounded size. Any number of runs may be under way at once, and a run may
/// end at any moment: the next one does the rest.
/// </summary>
public interface ISweep
{
    /// <summary>Names it, in letters; in Azure its timer's function is called <c>Sweep</c> and this.</summary>
    string Name { get; }

    /// <summary>On a desk: how long after the end of a complete run the next one is wanted.</summary>
    TimeSpan Interval { get; }

    /// <summary>In Azure: when a run is wanted, as an NCRONTAB expression of six fields, in UTC.</summary>
    string Schedule { get; }

    /// <summary>Does a part of the work.</summary>
    /// <exception cref="Storage.StoreUnavailableException">The store can't be reached; what was done stays done.</exception>
    Task<SweepRun> RunAsync(CancellationToken cancellationToken);
}

/// <summary>What a run did.</summary>
/// <param name="Count">How many it found and dealt with.</param>
/// <param name="IsComplete">False: it stopped at its bound, and the next one, which goes on from there, should come soon.</param>
public readonly record struct SweepRun(int Count, bool IsComplete);
