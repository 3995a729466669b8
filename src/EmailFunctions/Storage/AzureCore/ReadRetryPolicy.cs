using Azure.Core;
using Azure.Core.Pipeline;

namespace EmailFunctions.Storage.AzureCore;

/// <summary>
/// Retries reads, a few times and shortly. A write is sent once: if its answer is lost it may have taken place, and a second one would
/// meet its own row and report a conflict that there is none of.
/// </summary>
internal sealed class ReadRetryPolicy() : RetryPolicy(MaxRetries, DelayStrategy.CreateExponentialDelayStrategy(FirstDelay, LongestDelay))
{
    private const int MaxRetries = 2;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(1);

    protected override ValueTask<bool> ShouldRetryAsync(HttpMessage message, Exception? exception) =>
        message.Request.Method == RequestMethod.Get ? base.ShouldRetryAsync(message, exception) : new ValueTask<bool>(false);

    protected override bool ShouldRetry(HttpMessage message, Exception? exception) =>
        message.Request.Method == RequestMethod.Get && base.ShouldRetry(message, exception);
}
