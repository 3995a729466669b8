using EmailFunctions.Messages;

namespace EmailFunctions.Providers;

/// <summary>
/// Hands messages to one kind of provider. It never retries by itself and never throws for what a provider does: every
/// outcome is a <see cref="SendResult"/>, so that one place decides what follows.
/// </summary>
public interface IEmailProvider
{
    ProviderType Type { get; }

    /// <summary>How many recipients one call of <see cref="SendAsync"/> can be for; a message of more goes out in several.</summary>
    int MaxRecipientsPerCall => int.MaxValue;

    /// <summary>Sends one message, once.</summary>
    /// <remarks>
    /// Ends within the adapter's own time-outs; a cancellation before the content was handed over throws
    /// <see cref="OperationCanceledException"/> and nothing was sent, one after it is <see cref="SendStatus.Unknown"/>.
    /// </remarks>
    Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken);

    /// <summary>Asks whether the provider would take mail from this account, without sending any.</summary>
    Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken);

    /// <summary>The largest message, in bytes as MIME, that the provider takes; null: not known, or none.</summary>
    long? MaxEncodedBytes(ProviderSettings settings) => null;
}
