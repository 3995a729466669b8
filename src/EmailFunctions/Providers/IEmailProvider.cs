using EmailFunctions.Messages;

namespace EmailFunctions.Providers;

/// <summary>
/// Hands messages to one kind of provider. It never retries by itself and never throws for what a provider does: every
/// outcome is a <see cref="SendResult"/>, so that one place decides what follows.
/// </summary>
public interface IEmailProvider
{
    ProviderType Type { get; }

    /// <summary>
    /// Sends one message. Ends within the adapter's own time-outs; a cancellation before the content was handed over throws
    /// <see cref="OperationCanceledException"/> and nothing was sent, one after it is <see cref="SendStatus.Unknown"/>.
    /// </summary>
    Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken);

    /// <summary>Asks whether the provider would take mail from this account, without sending any.</summary>
    Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken);
}

/// <summary>A message on its way out.</summary>
/// <param name="Id">Names it, the same in every attempt.</param>
/// <param name="Date">When it was accepted; becomes its Date.</param>
/// <param name="Content">What it says.</param>
public sealed record OutgoingEmail(MessageId Id, DateTimeOffset Date, EmailContent Content);
