using EmailFunctions.TestKit.Protocol;

namespace EmailFunctions.TestKit.Vendors;

/// <summary>A gate at which requests hang until a test opens it; once opened it stays open.</summary>
public sealed class VendorHold
{
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AwaitableCount _arrived = new();

    /// <summary>Waits until that many requests have come to this gate.</summary>
    /// <param name="count">How many.</param>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">Fewer came in that time.</exception>
    public Task WaitForArrivalsAsync(int count, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _arrived.WaitUntilAsync(value => value >= count, timeout, cancellationToken);

    /// <summary>Lets all requests go on, those to come as well. Calling it again does nothing.</summary>
    public void Release() => _release.TrySetResult();

    internal Task PassAsync(CancellationToken cancellationToken)
    {
        _arrived.Add(1);
        return _release.Task.WaitAsync(cancellationToken);
    }
}
