using EmailFunctions.Access;
using EmailFunctions.Configs;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;

namespace EmailFunctions.Sending;

/// <summary>Decides whether a message is taken at all: the service sends, the message is valid, and somebody could send it.</summary>
public sealed class SendGate(SendingSettings settings, ProviderResolver resolver, ProviderRegistry providers, SizeLimits sizes, TimeProvider time)
{
    // Whatever really sends is part of every deployment.
    private const string NobodySends =
        "has no provider that sends here: file and console are for a desk; give it a configuration for smtp, aws_ses, sendgrid or mailgun, or set EMAIL_BACKEND";

    /// <summary>Bytes of a request's body.</summary>
    public int MaxBodyBytes => settings.MaxBodyBytes;

    /// <exception cref="ProblemException">503: sending is switched off.</exception>
    public void EnsureOpen()
    {
        if (!settings.Enabled)
            throw Problem.Unavailable("Sending is switched off (EMAIL_ENABLED). What was accepted before waits.", TimeSpan.FromMinutes(1));
    }

    /// <exception cref="ProblemException">400: it is not valid; 403: it is for another's tenant.</exception>
    public async Task<Submission> CheckAsync(
        Caller caller, SendRequest request, string? key, string? traceParent, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        TenantId? named = null;
        if (request.TenantId is not null && !TenantId.TryParse(request.TenantId, out named))
            errors.Add("tenant_id", TenantId.Requirement);
        SendValidator.Validate(request, time.GetUtcNow(), errors);
        if (errors.Any)
            throw Problem.Invalid(errors);

        var tenant = caller.Resolve(named);
        var provider = (await resolver.GetSettingsAsync(tenant, cancellationToken))[0];
        if (!providers.Has(provider.Type))
            throw Problem.Invalid("tenant_id", NobodySends);
        if (request.FromEmail is null && provider.FromEmail is null)
            throw Problem.Invalid("from_email", "is required, since neither the tenant's configuration nor the system has a sender");
        var content = ToContent(request);
        await EnsureTakenAsync(tenant, content, provider, cancellationToken);
        return new Submission(tenant, content, key, traceParent)
        {
            Priority = MessagePriorities.TryParse(request.Priority, out var priority) ? priority : MessagePriority.Normal,
            SendAt = request.SendAt,
            ExpiresAt = request.ExpiresAt,
            Bytes = SendValidator.MeasureBytes(request),
        };
    }

    // Its id and date are not known yet, but how long they are.
    private async Task EnsureTakenAsync(TenantId tenant, EmailContent content, ProviderSettings provider, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await sizes.FindExcessAsync(new OutgoingEmail(MessageId.New(tenant, now), now, content), provider, cancellationToken) is not { } excess)
            return;
        throw Problem.Invalid(
            content.Attachments.Count > 0 ? "attachments" : FieldErrors.Whole,
            FormattableString.Invariant($"must be smaller: the message has {excess.Size} bytes as it is encoded, and {provider.Type.Name()} takes at most {excess.Limit}"));
    }

    /// <summary>What a valid request says.</summary>
    internal static EmailContent ToContent(SendRequest request) => new()
    {
        To = request.To!,
        Cc = request.Cc ?? [],
        Bcc = request.Bcc ?? [],
        Subject = request.Subject!,
        Text = request.Body,
        Html = request.BodyHtml,
        FromEmail = request.FromEmail,
        FromName = request.FromName,
        ReplyTo = request.ReplyTo,
        Headers = request.Headers ?? [],
        Tags = request.Tags ?? [],
        Metadata = request.Metadata ?? [],
        Attachments = [.. (request.Attachments ?? []).Select(static a => new EmailAttachment(a.Filename!, a.ContentType!, a.ContentId, FileContent.Of(a.Content!)))],
    };
}

/// <summary>Whether mail is taken and sent, and how much of it in one request.</summary>
/// <param name="Enabled">Whether it is.</param>
/// <param name="MaxBodyBytes">Bytes of a request's body.</param>
public sealed record SendingSettings(bool Enabled, int MaxBodyBytes)
{
    /// <summary>The most that <see cref="MaxBodyBytes"/> may say.</summary>
    public const int LargestBody = RequestBody.LargeLimit;

    /// <summary>The least, as much as any other body may have.</summary>
    public const int SmallestBody = RequestBody.SmallLimit;
}
