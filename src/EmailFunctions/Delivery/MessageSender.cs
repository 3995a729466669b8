using EmailFunctions.Configs;
using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Storage;

namespace EmailFunctions.Delivery;

/// <summary>What came of an attempt.</summary>
/// <param name="Result">What the provider said, or why it was not asked.</param>
/// <param name="Account">With which account; null when it did not come to that.</param>
/// <param name="Content">What was to be sent; null when it could not be read.</param>
/// <param name="Duration">The call of the provider.</param>
public sealed record Attempt(SendResult Result, ProviderAccount? Account, EmailContent? Content, TimeSpan Duration)
{
    /// <summary>Who was asked; null when it did not come to that.</summary>
    public ProviderSettings? Provider => Account?.Settings;
}

/// <summary>A message with all that its sending needs, or why it can't be sent.</summary>
internal sealed record PreparedEmail(OutgoingEmail? Email, ProviderAccount? Account, SendResult? Failure)
{
    public bool CanBeSent => Failure is null;
}

/// <summary>Gets what a claimed message needs, and hands it to its provider.</summary>
public sealed partial class MessageSender(
    MessagePayloads payloads,
    IProviderAccounts accounts,
    ProviderRegistry providers,
    ProviderGates gates,
    OutcomeRecorder recorder,
    TimeProvider time,
    ILogger<MessageSender> logger)
{
    // What is out of order here is tried again then, and is not the message's fault.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>Reads the content and the account. Never throws: what is missing is a failure of the attempt.</summary>
    internal async Task<PreparedEmail> PrepareAsync(LedgerEntry claimed, CancellationToken cancellationToken)
    {
        OutgoingEmail? email = null;
        ProviderAccount? account = null;
        var failure = await CatchAsync(
            claimed.Id,
            async () =>
            {
                email = new OutgoingEmail(claimed.Id, claimed.CreatedAt, await payloads.ReadAsync(claimed, cancellationToken));
                account = await accounts.GetAccountAsync(claimed.Id.Tenant, cancellationToken);
                await recorder.EnsureRecordableAsync(claimed.Id.Tenant, cancellationToken);
                return Check(email, account);
            });
        return new PreparedEmail(email, account, failure);
    }

    /// <summary>Hands the message to its provider, unless something was missing.</summary>
    internal async Task<Attempt> SendAsync(PreparedEmail prepared, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var result = prepared.Failure
            ?? await CatchAsync(
                prepared.Email!.Id,
                async () => await gates.CallAsync(prepared.Email.Id.Tenant, prepared.Account!.Settings, token => CallAsync(prepared.Email, prepared.Account, token), cancellationToken));
        return new Attempt(result!, prepared.Account, prepared.Email?.Content, time.GetElapsedTime(started));
    }

    private SendResult? Check(OutgoingEmail email, ProviderAccount account)
    {
        if (!providers.Has(account.Settings.Type))
            return SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, "This version can't send through the configured provider.");
        return email.Content.FromEmail is null && account.Settings.FromEmail is null
            ? SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, "Neither the message nor the configuration has a sender.")
            : null;
    }

    private async Task<SendResult> CallAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(ClaimPolicy.SendTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var result = await providers.Get(account.Settings.Type).SendAsync(email, account, either.Token);
            return result.Status == SendStatus.Sent ? result : result with { Answer = ProviderAnswer.WithoutNames(result.Answer, email.Content.Recipients) };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return SendResult.Failed(SendStatus.Transient, ErrorCategory.Timeout, "The provider did not take the message in time.");
        }
    }

    private async Task<SendResult?> CatchAsync(MessageId id, Func<Task<SendResult?>> act)
    {
        try
        {
            return await act();
        }
        catch (OperationCanceledException)
        {
            return Postponed(ErrorCategory.Unexpected, "The service stopped before the message was sent.", TimeSpan.Zero);
        }
        catch (KeyUnavailableException exception)
        {
            KeyFailed(logger, exception, id);
            return Postponed(ErrorCategory.Config, "The tenant's secrets can't be decrypted.", Pause);
        }
        catch (InvalidDataException exception)
        {
            ContentFailed(logger, exception, id);
            return SendResult.Failed(SendStatus.Permanent, ErrorCategory.Content, exception.Message);
        }
        catch (StoreUnavailableException)
        {
            return Postponed(ErrorCategory.Unexpected, "The data store could not be reached.", Pause);
        }
#pragma warning disable CA1031 // A message that makes our own code fail must not come back for ever; its attempts are bounded.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            SendFailed(logger, exception, id);
            return SendResult.Failed(SendStatus.Transient, ErrorCategory.Unexpected, exception.GetType().Name);
        }
    }

    private static SendResult Postponed(ErrorCategory category, string answer, TimeSpan wait) =>
        SendResult.Failed(SendStatus.Postponed, category, answer) with { RetryAfter = wait };

    [LoggerMessage(EventId = 300, Level = LogLevel.Error, Message = "Message {MessageId} can't be sent: the tenant's secrets can't be decrypted.")]
    private static partial void KeyFailed(ILogger logger, Exception exception, MessageId messageId);

    [LoggerMessage(EventId = 301, Level = LogLevel.Error, Message = "Message {MessageId} can't be sent: its content can't be read.")]
    private static partial void ContentFailed(ILogger logger, Exception exception, MessageId messageId);

    [LoggerMessage(EventId = 302, Level = LogLevel.Error, Message = "An attempt to send message {MessageId} failed in this service.")]
    private static partial void SendFailed(ILogger logger, Exception exception, MessageId messageId);
}
