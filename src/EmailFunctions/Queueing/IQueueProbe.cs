namespace EmailFunctions.Queueing;

/// <summary>Tells whether the queue can be used.</summary>
public interface IQueueProbe
{
    /// <summary>Returns when it can; throws what is wrong when it can't.</summary>
    Task ProbeAsync(CancellationToken cancellationToken);
}
