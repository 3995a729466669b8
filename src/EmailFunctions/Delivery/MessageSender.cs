using EmailFunctions.Configs;
using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Storage;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;

namespace EmailFunctions.Delivery;

/// <summary>Gets what a claimed message needs, and hands it to its providers.</summary>
public sealed partial class MessageSender(
    MessagePayloads payloads,
    IProviderAccounts accounts,
    ProviderRegistry providers,
    SizeLimits sizes,
    ProviderGates gates,
    ProviderPlaces places,
    ProviderProbes probes,
    ProviderHealth health,
    OutcomeRecorder recorder,
    DeliveryMetrics metrics,
    TimeProvider time,
    ILogger<MessageSender> logger)
{
    // What is out of order here is tried again then, and is not the message's fault.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>Reads the content and the accounts. Never throws: what is missing is a failure of the attempt.</summary>
    internal async Task<PreparedEmail> PrepareAsync(LedgerEntry claimed, CancellationToken cancellationToken)
    {
        StoredContent? stored = null;
        OutgoingEmail? email = null;
        IReadOnlyList<ProviderAccount> route = [];
        var failure = await CatchAsync(
            claimed.Id,
            async () =>
            {
                stored = await payloads.ReadAsync(claimed, cancellationToken);
                email = new OutgoingEmail(claimed.Id, claimed.CreatedAt, stored.Content);
                route = await accounts.GetAccountsAsync(claimed.Id.Tenant, cancellationToken);
                await recorder.EnsureRecordableAsync(claimed.Id.Tenant, cancellationToken);
                return FindForeignSender(stored.Content.FromEmail, route[0].Settings);
            });
        return new PreparedEmail(stored, email, route, claimed, failure);
    }

    /// <summary>
    /// Chooses who is called: the first that is not left alone. Where all are, the message can't be sent now; nor can one that is too
    /// large for whom was chosen, by him.
    /// </summary>
    internal async Task ChooseAsync(PreparedEmail prepared, TenantId tenant, CancellationToken cancellationToken)
    {
        if (!prepared.CanBeSent)
            return;
        if (!prepared.IsBegun && await CatchAsync(prepared.Email!.Id, () => FindAsync(prepared, tenant, cancellationToken)) is { } stopped)
            prepared.Fail(stopped);
        else
            prepared.Refusal = await CatchAsync(prepared.Email!.Id, async () => await CheckSizeAsync(prepared, cancellationToken));
    }

    /// <summary>Takes a place at the chosen provider. Where the tenant's are all held, and slowly given back, the message can't be sent now.</summary>
    /// <returns>The place, to be given back after the call; null where nobody is called.</returns>
    internal async Task<IDisposable?> EnterAsync(PreparedEmail prepared, TenantId tenant, CancellationToken cancellationToken)
    {
        if (!prepared.IsToBeCalled)
            return null;
        IDisposable? place = null;
        var failure = await CatchAsync(
            prepared.Email!.Id,
            async () =>
            {
                place = await places.EnterAsync(tenant, cancellationToken);
                return null;
            });
        if (failure is not null)
            prepared.Fail(failure);
        else if (place is null)
            prepared.PutOff(Postponed(ErrorCategory.ProviderUnavailable, "The tenant's provider is slow, and its mail holds all places that it may have.", places.Reserve(tenant) - time.GetUtcNow()));
        return place;
    }

    /// <summary>Calls the chosen provider, for as many of the open recipients as one call can be for, unless something is missing.</summary>
    internal async Task<Attempt> SendAsync(PreparedEmail prepared, LedgerEntry claimed, CancellationToken cancellationToken)
    {
        var account = prepared.Route.ElementAtOrDefault(prepared.Place);
        var tenant = claimed.Id.Tenant;
        if ((prepared.Failure ?? prepared.Refusal) is { } failure)
        {
            if (account is not null)
                Count(tenant, account, failure, duration: null);
            return new Attempt(failure, account, prepared.Email?.Content, TimeSpan.Zero)
            {
                Place = prepared.Place,
                FindsNoPlace = prepared.FindsNoPlace,
                ConfigVersion = prepared.ConfigVersion,
            };
        }

        var email = AsOf(account!, prepared.NextCall(claimed, providers.Has(account!.Settings.Type) ? providers.Get(account.Settings.Type).MaxRecipientsPerCall : int.MaxValue));
        var started = time.GetTimestamp();
        using var span = MessageSpans.StartCall(account!.Settings.Type.Name());
        var result = Check(email, account)
            ?? await CatchAsync(claimed.Id, async () => await gates.CallAsync(tenant, prepared.Settings, prepared.Place, token => CallAsync(email, account, claimed, token), cancellationToken));
        result = AtPlace(prepared.Place, result!);
        health.Note(tenant, account, result);
        var duration = time.GetElapsedTime(started);
        Count(tenant, account, result, duration);
        span.Answered(result.Status.ToString(), result.Answer, result.Category?.Name());
        return new Attempt(result, account, email.Content, duration)
        {
            Place = prepared.Place,
            Called = email.Recipients,
            IsPart = prepared.HasMoreAfter(claimed, email),
            ConfigVersion = prepared.ConfigVersion,
        };
    }

    // Postponed: the provider was not asked.
    private void Count(TenantId tenant, ProviderAccount account, SendResult result, TimeSpan? duration)
    {
        if (result.Status != SendStatus.Postponed)
            metrics.Attempted(tenant, account.Settings.Type.Name(), result.IsNotAsked ? null : duration, result.Category?.Name());
    }

    // Null: somebody was found. What may have been sent already waits for its own provider, as any message does whose attempt fails.
    private async Task<SendResult?> FindAsync(PreparedEmail prepared, TenantId tenant, CancellationToken cancellationToken)
    {
        var (place, stopped) = await gates.FindAsync(tenant, prepared.Settings, prepared.Place, prepared.End, (at, token) => ProbeAsync(tenant, prepared.Route[at], token), cancellationToken);
        if (stopped is null || prepared.TryGoTo(place, stopped))
            return null;
        return prepared.IsUnclear ? stopped with { Status = SendStatus.Transient } : stopped;
    }

    // The system's provider sends for a tenant from its own address, which alone it knows; answers go to the tenant's.
    private static OutgoingEmail AsOf(ProviderAccount account, OutgoingEmail email) =>
        account is { IsFallback: true, Owner.IsSystem: true, Settings.FromEmail: not null }
            ? new OutgoingEmail(email.Id, email.Date, email.Content with { FromEmail = null, ReplyTo = email.Content.ReplyTo ?? email.Content.FromEmail }) { Recipients = email.Recipients }
            : email;

    private SendResult? Check(OutgoingEmail email, ProviderAccount account)
    {
        if (!providers.Has(account.Settings.Type))
            return SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, "This deployment can't send through the configured provider.") with { IsNotAsked = true };
        return (email.Content.FromEmail ?? account.Settings.FromEmail) is { } sender
            ? FindForeignSender(sender, account.Settings)
            : SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, "Neither the message nor the configuration has a sender.") with { IsNotAsked = true };
    }

    // A message from whom its tenant may not send as goes nowhere, not to a fallback either, until the configuration says otherwise: it was
    // accepted under another one. The sender of a provider's own settings says nothing about the providers behind it.
    private static SendResult? FindForeignSender(string? sender, ProviderSettings settings) =>
        sender is not null && settings.AllowedSenders is { } senders && !senders.Allows(sender)
            ? SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Config, $"The sender {senders.Requirement}.") with { IsNotAsked = true }
            : null;

    // What a fallback does not take by its nature can still wait for the provider that it was accepted for.
    private static SendResult AtPlace(int place, SendResult result) =>
        place > 0 && result is { IsNotAsked: true, Status: SendStatus.Permanent } ? result with { Status = SendStatus.Misconfigured, Category = ErrorCategory.Config } : result;

    private async Task<SendResult?> CheckSizeAsync(PreparedEmail prepared, CancellationToken cancellationToken)
    {
        if (await sizes.FindExcessAsync(prepared.Email!, prepared.Settings[prepared.Place], cancellationToken) is not { } excess)
            return null;
        var answer = FormattableString.Invariant($"The message has {excess.Size} bytes as it is encoded; the provider takes at most {excess.Limit}.");
        return AtPlace(prepared.Place, SendResult.Failed(SendStatus.Permanent, ErrorCategory.Content, answer) with { IsNotAsked = true });
    }

    private async Task<SendResult> CallAsync(OutgoingEmail email, ProviderAccount account, LedgerEntry claimed, CancellationToken cancellationToken)
    {
        var rest = ClaimPolicy.SendingEnds(claimed) - time.GetUtcNow();
        using var timeout = new CancellationTokenSource(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, time);
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

    private async Task<SendResult?> ProbeAsync(TenantId tenant, ProviderAccount account, CancellationToken cancellationToken)
    {
        var probe = await probes.ProbeNowAsync(tenant, account, cancellationToken);
        return probe.IsHealthy ? null : SendResult.Failed(SendStatus.Transient, probe.Category ?? ErrorCategory.ProviderUnavailable, probe.Answer);
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
            return Postponed(ErrorCategory.Config, "The tenant's keys can't be used.", Pause);
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

    [LoggerMessage(EventId = 300, Level = LogLevel.Error, Message = "Message {MessageId} can't be sent: the tenant's keys can't be used.")]
    private static partial void KeyFailed(ILogger logger, Exception exception, MessageId messageId);

    [LoggerMessage(EventId = 301, Level = LogLevel.Error, Message = "Message {MessageId} can't be sent: its content can't be read.")]
    private static partial void ContentFailed(ILogger logger, Exception exception, MessageId messageId);

    [LoggerMessage(EventId = 302, Level = LogLevel.Error, Message = "An attempt to send message {MessageId} failed in this service.")]
    private static partial void SendFailed(ILogger logger, Exception exception, MessageId messageId);
}
