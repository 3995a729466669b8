namespace EmailFunctions.TestKit.Protocol;

/// <summary>Asks the fault script for one connection and does the waiting it orders.</summary>
internal sealed class FaultGate(SinkState state, SmtpTransport transport, int connection, CancellationToken cancellation)
{
    /// <summary>The fault for a stage, after its waits; null for none.</summary>
    /// <param name="stage">The stage reached.</param>
    /// <param name="command">The command line, or empty.</param>
    /// <param name="envelope">The envelope so far.</param>
    /// <param name="transaction">The number of the MAIL transaction.</param>
    /// <param name="headers">The recorded headers, or empty.</param>
    /// <param name="accept">Called before the waits when the fault wants the message accepted first.</param>
    public ValueTask<SmtpFault?> PassAsync(
        SmtpStage stage,
        string command,
        Envelope envelope,
        int transaction,
        IReadOnlyList<KeyValuePair<string, string>> headers,
        Action? accept = null)
    {
        // Without a script nothing is built or awaited: the sink is also the benchmark's.
        if (state.Fault is not { } script)
        {
            return default;
        }

        var fault = script(new SmtpFaultContext
        {
            Stage = stage,
            Occurrence = state.NextOccurrence(stage),
            ConnectionNumber = connection,
            TransactionNumber = transaction,
            Command = command,
            MailFrom = envelope.Sender,
            Recipients = [.. envelope.Recipients],
            Headers = headers,
        });
        return fault is null ? default : WaitAsync(fault, accept);
    }

    private async ValueTask<SmtpFault?> WaitAsync(SmtpFault fault, Action? accept)
    {
        if (fault.AcceptFirst)
        {
            accept?.Invoke();
        }

        // What was already decided may be seen by the client before this fault.
        await transport.FlushAsync().ConfigureAwait(false);
        if (fault.Pause > TimeSpan.Zero)
        {
            await Task.Delay(fault.Pause, cancellation).ConfigureAwait(false);
        }

        if (fault.Hold is not null)
        {
            await fault.Hold.PassAsync(cancellation).ConfigureAwait(false);
        }

        return fault;
    }
}
