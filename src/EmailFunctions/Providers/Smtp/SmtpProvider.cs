using EmailFunctions.Providers.Mime;
using MailKit.Net.Smtp;
using MimeKit;

namespace EmailFunctions.Providers.Smtp;

/// <summary>Sends over SMTP, through pooled connections.</summary>
internal sealed class SmtpProvider(SmtpPools pools, SmtpOptions options, TimeProvider time) : IEmailProvider
{
    public ProviderType Type => ProviderType.Smtp;

    public async Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        using var message = MimeBuilder.Build(email, account.Settings);
        var recipients = email.Addresses().Select(static address => MimeBuilder.Mailbox(null, address)).ToList();
        var pool = pools.For(account);
        var attempt = await AttemptAsync(pool, message, email, recipients, fresh: false, cancellationToken);
        // The server may have closed a kept connection long ago. It has not seen this message, so nothing failed yet.
        if (attempt is null)
            attempt = await AttemptAsync(pool, message, email, recipients, fresh: true, cancellationToken);
        return attempt!;
    }

    public async Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var connection = await SmtpConnection.OpenAsync(account, options, either.Token);
            await connection.NoOpAsync(either.Token);
            await connection.DisconnectAsync(quit: true, either.Token);
            return ProbeResult.Healthy;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ProbeResult.Unhealthy(ErrorCategory.Timeout, "The server did not answer in time.");
        }
#pragma warning disable CA1031 // Whatever a server does is an answer.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            var failure = SmtpFailures.ExplainOpening(exception);
            return ProbeResult.Unhealthy(failure.Category!.Value, failure.Answer);
        }
    }

    // Null: a kept connection was dead before it took anything.
    private async Task<SendResult?> AttemptAsync(
        SmtpPool pool, MimeMessage message, OutgoingEmail email, List<MailboxAddress> recipients, bool fresh, CancellationToken cancellationToken)
    {
        SmtpConnection connection;
        try
        {
            connection = await pool.RentAsync(fresh, cancellationToken);
        }
#pragma warning disable CA1031 // Whatever a server does is an answer.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return SmtpFailures.ExplainOpening(exception);
        }

        var healthy = false;
        using var timeout = new CancellationTokenSource(options.SendTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var answer = await connection.SendAsync(message, recipients, either.Token);
            healthy = true;
            return SendResult.Sent(answer) with { RefusedRecipients = Positions(connection.Refused, email, recipients) };
        }
        catch (OperationCanceledException) when (!connection.ContentStarted && cancellationToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever a server does is an answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            // A refusal leaves the connection usable; MailKit has reset it.
            healthy = exception is SmtpCommandException { StatusCode: not SmtpStatusCode.ServiceNotAvailable } or NotSupportedException;
            if (!healthy && connection is { IdleSince: not null, SenderAccepted: false, ContentStarted: false } && !either.IsCancellationRequested)
                return null;
            return SmtpFailures.ExplainSending(exception is OperationCanceledException ? new TimeoutException() : exception, connection.ContentStarted);
        }
        finally
        {
            pool.Return(connection, healthy);
        }
    }

    // By address, since MailKit names one that is given twice only once.
    private static List<int> Positions(IReadOnlyList<MailboxAddress> refused, OutgoingEmail email, List<MailboxAddress> recipients)
    {
        if (refused.Count == 0)
            return [];
        var addresses = refused.Select(static mailbox => mailbox.Address).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. Enumerable.Range(0, recipients.Count).Where(index => addresses.Contains(recipients[index].Address)).Select(index => email.Recipients[index])];
    }
}
