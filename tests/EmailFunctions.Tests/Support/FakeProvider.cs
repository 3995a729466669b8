using System.Collections.Concurrent;
using EmailFunctions.Providers;

namespace EmailFunctions.Tests.Support;

/// <summary>A provider of type <c>file</c> that answers as the test says and remembers what it was given.</summary>
internal sealed class FakeProvider : IEmailProvider
{
    private int _calls;

    public ProviderType Type => ProviderType.File;

    /// <summary>The answer to the call of this number, 1 being the first.</summary>
    public Func<int, SendResult> Answer { get; set; } = static _ => SendResult.Sent("taken");

    /// <summary>What runs while a call is under way.</summary>
    public Func<CancellationToken, Task> During { get; set; } = static _ => Task.CompletedTask;

    /// <summary>The messages of all calls, in order.</summary>
    public ConcurrentQueue<OutgoingEmail> Given { get; } = [];

    public async Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        Given.Enqueue(email);
        var call = Interlocked.Increment(ref _calls);
        await During(cancellationToken);
        return Answer(call);
    }

    public Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken) => Task.FromResult(ProbeResult.Healthy);
}
