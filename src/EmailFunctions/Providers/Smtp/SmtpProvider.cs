using EmailFunctions.Providers.Mime;
using MailKit.Net.Smtp;
using MimeKit;

namespace EmailFunctions.Providers.Smtp;

/// <summary>Sends over SMTP, through pooled connections.</summary>
internal sealed class SmtpProvider(SmtpPools pools, SmtpOptions options, TimeProvider time) : IEmailProvider
{
    public ProviderType Type => ProviderType.Smtp;

    public long? MaxEncodedBytes(ProviderSettings settings) => pools.Sizes.Find(settings);

    public async Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        var result = await TryTwiceAsync(email, account, cancellationToken);
        return result.Answer is { } answer ? result with { Answer = Secrets.Remove(answer, account) } : result;
    }

    private async Task<SendResult> TryTwiceAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(options.TotalTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            // The server may have closed a kept connection long ago. It has not seen this message, so nothing failed yet.
            return await AttemptAsync(email, account, fresh: false, either.Token) ?? (await AttemptAsync(email, account, fresh: true, either.Token))!;
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return SmtpAnswers.Read(SmtpAnswer.OfOpening(exception));
        }
    }

    public async Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken)
    {
        var pool = pools.For(account);
        try
        {
            using var connection = await pool.OpenAsync(cancellationToken);
            await connection.Watch.RunAsync(SmtpPhase.Greeting, async timed =>
            {
                await connection.NoOpAsync(timed);
                await connection.DisconnectAsync(quit: true, timed);
                return true;
            }, cancellationToken);
            return ProbeResult.Healthy;
        }
#pragma warning disable CA1031 // Whatever a server does is an answer.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            var failure = SmtpAnswers.Read(SmtpAnswer.OfOpening(exception));
            return failure.Category == ErrorCategory.RateLimited && pool.HasConnections
                // It takes mail from us, only no more at once.
                ? ProbeResult.Healthy
                : ProbeResult.Unhealthy(failure.Category!.Value, failure.Answer is { } answer ? Secrets.Remove(answer, account) : null);
        }
    }

    // Null: a kept connection was dead before it took anything.
    private async Task<SendResult?> AttemptAsync(OutgoingEmail email, ProviderAccount account, bool fresh, CancellationToken cancellationToken)
    {
        var pool = pools.For(account);
        SmtpConnection connection;
        try
        {
            connection = await pool.RentAsync(fresh, cancellationToken);
        }
#pragma warning disable CA1031 // Whatever a server does is an answer.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return SmtpAnswers.Read(SmtpAnswer.OfOpening(exception));
        }

        var healthy = false;
        var refusals = new SmtpRecipients();
        try
        {
            using var message = MimeBuilder.Build(email, account.Settings);
            var answer = await connection.SendAsync(message, [.. email.Addresses().Select(static address => MimeBuilder.Mailbox(null, address))], refusals, cancellationToken);
            healthy = true;
            return refusals.Complete(SendResult.Sent(answer), email);
        }
        catch (OperationCanceledException) when (!connection.Watch.IsHandedOver)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever a server does is an answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            // A refusal leaves the connection usable; MailKit has reset it.
            healthy = exception is SmtpCommandException { StatusCode: not SmtpStatusCode.ServiceNotAvailable } or SmtpFailureException { Kind: SmtpEvent.TooLarge or SmtpEvent.RecipientNeedsUtf8 or SmtpEvent.SenderNeedsUtf8 };
            if (!fresh && !healthy && connection is { IdleSince: not null, SenderAccepted: false, Watch.IsHandedOver: false })
                return null;
            return refusals.Complete(SmtpAnswers.Read(SmtpAnswer.OfSending(exception, connection.Watch)), email);
        }
        finally
        {
            pool.Return(connection, healthy);
        }
    }
}
