namespace EmailFunctions.TestKit.ServiceBus.Protocol;

/// <summary>What becomes of the next transfers, if not what should.</summary>
internal sealed class ScriptedSends
{
    private readonly Lock _gate = new();
    private int _times;
    private string? _condition;
    private bool _stored;

    public void Refuse(int times, string condition) => Set(times, condition, stored: false);

    public void Ignore(int times, bool stored) => Set(times, condition: null, stored);

    /// <summary>Whether the next transfer is answered, with which error if any, and whether its messages are stored.</summary>
    public (bool Answer, string? Condition, bool Store) Next()
    {
        lock (_gate)
        {
            if (_times == 0)
            {
                return (true, null, true);
            }

            _times--;
            return (_condition is not null, _condition, _stored);
        }
    }

    private void Set(int times, string? condition, bool stored)
    {
        lock (_gate)
        {
            (_times, _condition, _stored) = (times, condition, stored);
        }
    }
}
