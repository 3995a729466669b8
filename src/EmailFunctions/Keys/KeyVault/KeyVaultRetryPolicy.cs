using System.Globalization;
using Azure.Core;
using Azure.Core.Pipeline;

namespace EmailFunctions.Keys.KeyVault;

/// <summary>
/// Azure's own policy (408, 429, 5xx, lost connections and timeouts are tried again), which waits as long as a Retry-After says
/// however long that is. A message must not wait in memory for minutes; it has a queue to wait in.
/// </summary>
internal sealed class KeyVaultRetryPolicy(KeyVaultOptions options)
    : RetryPolicy(options.Tries - 1, DelayStrategy.CreateExponentialDelayStrategy(options.FirstDelay, options.LongestDelay))
{
    protected override ValueTask<bool> ShouldRetryAsync(HttpMessage message, Exception? exception) =>
        IsToldToWaitLonger(message) ? ValueTask.FromResult(false) : base.ShouldRetryAsync(message, exception);

    // A date instead of seconds is allowed by HTTP, but Key Vault does not send one.
    private bool IsToldToWaitLonger(HttpMessage message) =>
        message.HasResponse
        && message.Response.Headers.TryGetValue("Retry-After", out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && seconds > options.LongestDelay.TotalSeconds;
}
