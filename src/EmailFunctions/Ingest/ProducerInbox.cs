using EmailFunctions.Access;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Sending;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;

namespace EmailFunctions.Ingest;

/// <summary>What a producer sent, as it came from the queue.</summary>
/// <param name="Body">The message.</param>
/// <param name="QueueId">The queue's id of it; empty: it has none.</param>
/// <param name="TraceParent">Its W3C trace context; null: none.</param>
public sealed record Delivered(ReadOnlyMemory<byte> Body, string QueueId, string? TraceParent)
{
    /// <summary>The tenant that its producer is of by the word of the queue; null: the queue does not say.</summary>
    public string? Tenant { get; init; }
}

/// <summary>Accepts messages of event producers by the rules for every message.</summary>
internal sealed class ProducerInbox(SendGate gate, MessageAcceptor acceptor, ProducerRules rules, IncomingBodies bodies)
{
    /// <summary>Accepts a message, or answers again what was accepted under its name before.</summary>
    /// <exception cref="ProblemException">It can't be accepted as it is.</exception>
    /// <exception cref="Storage.StoreUnavailableException">It is not known to be accepted.</exception>
    public async Task<Acceptance> AcceptAsync(Delivered delivered, CancellationToken cancellationToken)
    {
        if (delivered.Body.Length > RequestBody.LargeLimit)
            throw Problem.TooLarge(RequestBody.LargeLimit);
        using var incoming = bodies.Begin();
        var message = await ReadAsync(delivered.Body, incoming, cancellationToken);
        var submission = await gate.CheckAsync(CallerOf(message, delivered), message, message.IdempotencyKey, delivered.TraceParent, cancellationToken);
        return await acceptor.AcceptAsync(submission with { ProducerId = NameOf(message, delivered) }, cancellationToken);
    }

    private static async Task<ProducerMessage> ReadAsync(ReadOnlyMemory<byte> utf8, IncomingBody incoming, CancellationToken cancellationToken)
    {
        using var body = new SpooledBody(SendRequest.LargeValues, incoming, utf8.Length);
        body.Append(utf8.Span);
        await body.EndAsync(cancellationToken);
        var message = body.Read(IngestJson.Default.ProducerMessage);
        var errors = new FieldErrors();
        message.ValidateName(errors);
        return errors.Any ? throw Problem.Invalid(errors) : message;
    }

    // A name that no tenant can have is told together with whatever else is wrong.
    private Caller CallerOf(ProducerMessage message, Delivered delivered) =>
        delivered.Tenant is not null || rules.NeedsClaim ? rules.CallerFor(delivered.Tenant)
        : message.TenantId is null ? rules.CallerFor(TenantId.System)
        : TenantId.TryParse(message.TenantId, out var tenant) ? rules.CallerFor(tenant)
        : Caller.Desk;

    private static string? NameOf(ProducerMessage message, Delivered delivered) =>
        message.MessageId ?? (delivered.QueueId.Length is > 0 and <= ProducerIds.MaxLength ? delivered.QueueId : null);
}
