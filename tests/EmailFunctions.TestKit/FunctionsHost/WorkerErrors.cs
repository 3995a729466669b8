namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// The errors of the worker that still count: an error more than half an hour after the one before makes those before forgotten.
/// For one thread at a time.
/// </summary>
internal sealed class WorkerErrors(TimeProvider time)
{
    /// <summary>At so many errors the host gives up.</summary>
    public const int Allowed = 3;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(30);

    private int _count;
    private DateTimeOffset _last;

    /// <summary>Counts one; false when the host is to give up.</summary>
    public bool Add()
    {
        var now = time.GetUtcNow();
        _count = now - _last > Interval ? 1 : _count + 1;
        _last = now;
        return _count < Allowed;
    }
}
