namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>How long things may take. The defaults suit Service Bus; tests are less patient.</summary>
internal sealed record ServiceBusTimes
{
    /// <summary>How often a send is tried in all.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>How long a caller waits at most, over all attempts.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an answer to a transfer may take; after that the connection counts as dead.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How long it may take to connect, to be let in and to open the link.</summary>
    public TimeSpan Opening { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>The wait before the second attempt if the first one failed on a link just opened; the next one is double.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The wait before the second attempt where the service is busy; the next one is double.</summary>
    public TimeSpan BusyPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>So long before its end a token is renewed.</summary>
    public TimeSpan RenewBefore { get; init; } = TimeSpan.FromMinutes(7);

    /// <summary>A token is renewed up to so much earlier, at random, so that processes that started together don't renew together.</summary>
    public TimeSpan RenewJitter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Between two renewals at least, whatever the token says.</summary>
    public TimeSpan RenewAtLeast { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long closing waits for the other side's good-bye.</summary>
    public TimeSpan Closing { get; init; } = TimeSpan.FromSeconds(2);
}
