using EmailFunctions.Messages;
using EmailFunctions.Tenants;

namespace EmailFunctions.Sending;

/// <summary>A valid message of a tenant, ready to be accepted.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Content">What it says.</param>
/// <param name="IdempotencyKey">The client's name for this request; null: none.</param>
/// <param name="TraceParent">The request, as W3C trace context.</param>
public sealed record Submission(TenantId Tenant, EmailContent Content, string? IdempotencyKey, string? TraceParent)
{
    public MessagePriority Priority { get; init; } = MessagePriority.Normal;

    /// <summary>The name that its event producer knows it by, unique within the tenant; null: it has none.</summary>
    public string? ProducerId { get; init; }

    /// <summary>The bytes of all that it says, attachments decoded.</summary>
    public long Bytes { get; init; }

    /// <summary>Whether it may be known from before.</summary>
    public bool HasName => IdempotencyKey is not null || ProducerId is not null;

    /// <summary>Not to be sent before; null, or a time that has passed: now.</summary>
    public DateTimeOffset? SendAt { get; init; }

    /// <summary>Not to be sent after; null: never too late.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A wait that is known when a message is accepted.</summary>
/// <param name="Until">About when it is to be sent.</param>
/// <param name="Limit">The limit that causes it; null: its own <c>send_at</c>.</param>
public sealed record ExpectedWait(DateTimeOffset Until, string? Limit);

/// <summary>What was answered.</summary>
/// <param name="MessageId">The message's id.</param>
/// <param name="AcceptedAt">When it was accepted.</param>
/// <param name="Wait">How long it is expected to wait; null: that is not known, or it does not.</param>
/// <param name="IsReplay">Whether this is the first answer to the same key again.</param>
public sealed record Acceptance(string MessageId, DateTimeOffset AcceptedAt, ExpectedWait? Wait, bool IsReplay);
