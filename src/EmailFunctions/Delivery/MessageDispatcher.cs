using EmailFunctions.Configs;
using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Storage;

namespace EmailFunctions.Delivery;

/// <summary>
/// Dispatches one message:
/// <list type="number">
/// <item>Read its row. What is final, in other hands or not due yet needs nothing from us.</item>
/// <item>Claim it, in one conditional write. An abandoned claim of somebody else is written down as <c>unknown</c> with it.</item>
/// <item>Send it through the tenant's provider.</item>
/// <item>Record the outcome.</item>
/// </list>
/// Any number of copies of a reference may arrive, at any number of processes: the claim lets one through.
/// </summary>
public sealed partial class MessageDispatcher(
    Ledger ledger,
    MessagePayloads payloads,
    ProviderResolver resolver,
    ProviderRegistry providers,
    OutcomeRecorder recorder,
    RetryPolicy retries,
    ClaimPolicy claims,
    TimeProvider time,
    ILogger<MessageDispatcher> logger)
{
    // A copy that is a little early is on time: clocks differ, and queues count in whole seconds.
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(5);

    /// <summary>Returns when nothing more is to be done for this copy of the reference.</summary>
    /// <exception cref="StoreUnavailableException">The store can't be reached; the reference is to be delivered again.</exception>
    public async Task DispatchAsync(MessageId id, CancellationToken cancellationToken)
    {
        // 1 and 2.
        if (await ClaimAsync(id, cancellationToken) is not { } claimed)
            return;
        // 3.
        var attempt = await SendAsync(claimed, cancellationToken);
        // 4. Not to be cancelled: what a provider has done must be written down.
        await recorder.RecordAsync(claimed, attempt);
    }

    private async Task<LedgerEntry?> ClaimAsync(MessageId id, CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = await ledger.GetAsync(id, cancellationToken);
            var now = time.GetUtcNow();
            if (entry is null || !NeedsAttempt(entry, now))
                return null;
            var open = entry.Status == MessageStatus.Sending
                ? entry.WithHistory(new HistoryEntry(HistoryEntry.Unknown, now) { Attempt = entry.Attempts, Provider = entry.Provider })
                : entry;
            if (!retries.MayRetry(open.Attempts))
            {
                if (await recorder.TryGiveUpAsync(entry, open, cancellationToken))
                    return null;
                continue;
            }

            var claimed = Claim(open, now);
            if (await ledger.WriteAsync([.. Ledger.Change(entry, claimed)], cancellationToken) is { } etag)
                return claimed with { ETag = etag };
        }
    }

    private bool NeedsAttempt(LedgerEntry entry, DateTimeOffset now) => entry.Status switch
    {
        MessageStatus.Queued => true,
        MessageStatus.Sending => claims.IsAbandoned(entry, now),
        MessageStatus.Deferred => entry.DueAt is null || entry.DueAt <= now + Early,
        _ => false,
    };

    private LedgerEntry Claim(LedgerEntry entry, DateTimeOffset now) =>
        (entry with
        {
            Status = MessageStatus.Sending,
            Reason = null,
            Attempts = entry.Attempts + 1,
            ClaimedBy = claims.Instance,
            ClaimedUntil = now + ClaimPolicy.Lifetime,
        }).WithHistory(new HistoryEntry(MessageStatus.Sending.Name(), now) { Attempt = entry.Attempts + 1 });

    private async Task<Attempt> SendAsync(LedgerEntry claimed, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        EmailContent? content = null;
        ProviderAccount? account = null;
        SendResult result;
        try
        {
            content = await payloads.ReadAsync(claimed, cancellationToken);
            account = await resolver.GetAccountAsync(claimed.Id.Tenant, cancellationToken);
            await recorder.EnsureRecordableAsync(claimed.Id.Tenant, cancellationToken);
            started = time.GetTimestamp();
            result = await CallProviderAsync(new OutgoingEmail(claimed.Id, claimed.CreatedAt, content), account, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            result = SendResult.Failed(SendStatus.Transient, ErrorCategory.Unexpected, "The service stopped before the message was sent.");
        }
        catch (KeyUnavailableException exception)
        {
            KeyFailed(logger, exception, claimed.Id);
            result = SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, "The tenant's secrets can't be decrypted.");
        }
        catch (InvalidDataException exception)
        {
            ContentFailed(logger, exception, claimed.Id);
            result = SendResult.Failed(SendStatus.Permanent, ErrorCategory.Content, exception.Message);
        }
        catch (StoreUnavailableException)
        {
            result = SendResult.Failed(SendStatus.Transient, ErrorCategory.Unexpected, "The data store could not be reached.");
        }
#pragma warning disable CA1031 // A message that makes our own code fail must not come back for ever; its attempts are bounded.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            SendFailed(logger, exception, claimed.Id);
            result = SendResult.Failed(SendStatus.Transient, ErrorCategory.Unexpected, exception.GetType().Name);
        }

        return new Attempt(result, account?.Settings, content, time.GetElapsedTime(started));
    }

    private async Task<SendResult> CallProviderAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        if (!providers.Has(account.Settings.Type))
            return SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, "This version can't send through the configured provider.");
        if (email.Content.FromEmail is null && account.Settings.FromEmail is null)
            return SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, "Neither the message nor the configuration has a sender.");
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

    [LoggerMessage(EventId = 300, Level = LogLevel.Error, Message = "Message {MessageId} can't be sent: the tenant's secrets can't be decrypted.")]
    private static partial void KeyFailed(ILogger logger, Exception exception, MessageId messageId);

    [LoggerMessage(EventId = 301, Level = LogLevel.Error, Message = "Message {MessageId} can't be sent: its content can't be read.")]
    private static partial void ContentFailed(ILogger logger, Exception exception, MessageId messageId);

    [LoggerMessage(EventId = 302, Level = LogLevel.Error, Message = "An attempt to send message {MessageId} failed in this service.")]
    private static partial void SendFailed(ILogger logger, Exception exception, MessageId messageId);
}

/// <summary>What came of an attempt.</summary>
/// <param name="Result">What the provider said, or why it was not asked.</param>
/// <param name="Provider">Who was asked; null when it did not come to that.</param>
/// <param name="Content">What was to be sent; null when it could not be read.</param>
/// <param name="Duration">The call of the provider.</param>
public sealed record Attempt(SendResult Result, ProviderSettings? Provider, EmailContent? Content, TimeSpan Duration);
