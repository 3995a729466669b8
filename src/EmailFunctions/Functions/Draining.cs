namespace EmailFunctions.Functions;

/// <summary>How the process ends: it is asked to stop, lets what is in hand finish, and gives up what does not.</summary>
internal sealed class Draining : IDisposable
{
    private static readonly TimeSpan FinishTime = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _givingUp;
    private readonly CancellationTokenRegistration _registration;

    public Draining(IHostApplicationLifetime lifetime, TimeProvider time)
    {
        _givingUp = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        Stopping = lifetime.ApplicationStopping;
        _registration = Stopping.Register(() => _givingUp.CancelAfter(FinishTime));
    }

    /// <summary>Nothing new is to be begun.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>What is in hand is to end.</summary>
    public CancellationToken GivingUp => _givingUp.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _givingUp.Dispose();
    }
}
