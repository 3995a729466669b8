using System.Collections.Concurrent;
using EmailFunctions.Providers;

namespace EmailFunctions.Tests.Support;

/// <summary>A provider that answers as the test says and remembers what it was given.</summary>
internal sealed class FakeProvider(ProviderType type = ProviderType.File) : IEmailProvider
{
    private int _calls;

    public ProviderType Type => type;

    public int MaxRecipientsPerCall { get; set; } = int.MaxValue;

    /// <summary>The largest message that it takes; null: any.</summary>
    public long? MaxBytes { get; set; }

    /// <summary>The answer to the call of this number, 1 being the first.</summary>
    public Func<int, SendResult> Answer { get; set; } = static _ => SendResult.Sent("taken");

    /// <summary>What runs while a call is under way.</summary>
    public Func<CancellationToken, Task> During { get; set; } = static _ => Task.CompletedTask;

    /// <summary>The messages of all calls, in order.</summary>
    public ConcurrentQueue<OutgoingEmail> Given { get; } = [];

    /// <summary>The accounts of all calls, in order.</summary>
    public ConcurrentQueue<ProviderAccount> Accounts { get; } = [];

    /// <summary>The answer to a probe.</summary>
    public ProbeResult Health { get; set; } = ProbeResult.Healthy;

    /// <summary>What runs while a probe is under way.</summary>
    public Func<Task> DuringProbe { get; set; } = static () => Task.CompletedTask;

    /// <summary>How often it was probed.</summary>
    public int Probes { get; private set; }

    public long? MaxEncodedBytes(ProviderSettings settings) => MaxBytes;

    public async Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        Given.Enqueue(email);
        Accounts.Enqueue(account);
        var call = Interlocked.Increment(ref _calls);
        await During(cancellationToken);
        return Answer(call);
    }

    public async Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken)
    {
        Probes++;
        await DuringProbe();
        return Health;
    }
}
