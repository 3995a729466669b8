namespace EmailFunctions.TestKit.ServiceBus;

/// <summary>At which steps connections are cut. May be used from any thread.</summary>
public sealed class AmqpCuts
{
    private readonly Lock _gate = new();
    private readonly Dictionary<AmqpStep, int> _armed = [];
    private int _made;
    private volatile bool _isSilent;

    /// <summary>How many cuts were made so far.</summary>
    public int Made => Volatile.Read(ref _made);

    /// <summary>While set, frames vanish in both directions, as where a network drops packets: connections stay open and say nothing.</summary>
    public bool IsSilent
    {
        get => _isSilent;
        set => _isSilent = value;
    }

    /// <summary>Cuts the next connections that come to a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="times">How many times in all; 0 takes back what was armed.</param>
    public void Arm(AmqpStep step, int times = 1)
    {
        lock (_gate)
        {
            _armed[step] = times;
        }
    }

    internal bool Take(AmqpStep step)
    {
        lock (_gate)
        {
            if (_armed.GetValueOrDefault(step) <= 0)
            {
                return false;
            }

            _armed[step]--;
            _made++;
            return true;
        }
    }
}
