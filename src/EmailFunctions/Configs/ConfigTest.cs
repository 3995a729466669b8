using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using EmailFunctions.Access;
using EmailFunctions.Brakes;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Validation;

namespace EmailFunctions.Configs;

public sealed record ConfigTestRequest
{
    [Description("Who gets the test mail.")]
    [Required]
    [MaxLength(254)]
    public string? To { get; init; }

    [Description("False: through the system default.")]
    [DefaultValue(true)]
    public bool? UseTenantConfig { get; init; }

    [Description("A configuration to try without saving it; it brings its own secrets.")]
    public ConfigFields? TestConfig { get; init; }
}

public sealed record ConfigTestResponse(
    bool Success, string MessageId, string Provider, long DurationMs, string? Error, string? ErrorCode);

/// <summary>Sends a test mail at once, past the queue, and says what the provider answered.</summary>
public sealed class ConfigTest(
    ConfigService configs, ProviderResolver resolver, ProviderRegistry providers, TenantStates states, TestSendBrake brake, TimeProvider time)
{
    /// <exception cref="ProblemException">
    /// 400: the request is not valid; 403: <c>test_config</c> says what the caller can't change; 404: the tenant has no configuration; 409: it is suspended;
    /// 429: it has sent too many.
    /// </exception>
    public async Task<ConfigTestResponse> RunAsync(TenantId tenant, ConfigTestRequest request, Caller caller, CancellationToken cancellationToken)
    {
        if (!EmailAddress.IsValid(request.To))
            throw Problem.Invalid("to", EmailAddress.Requirement);
        if (await states.IsStoppedAsync(tenant, cancellationToken))
            throw Problem.Conflict("The tenant is suspended, so nothing is sent for it, and no test either.");
        var account = await ChooseAsync(tenant, request, caller, cancellationToken);
        if (!providers.Has(account.Settings.Type))
            throw Problem.Invalid("provider_type", $"{account.Settings.Type.Name()} is for a desk, and does not send here");
        if (account.Settings is { AllowedSenders: { } senders, FromEmail: { } sender } && !senders.Allows(sender))
            throw Problem.Invalid("from_email", senders.Requirement);

        brake.Take(tenant);
        var id = MessageId.New(tenant, time.GetUtcNow());
        var started = time.GetTimestamp();
        var result = await providers.Get(account.Settings.Type).SendAsync(Mail(id, request.To!), account, cancellationToken);
        var success = result.Status == SendStatus.Sent;
        return new ConfigTestResponse(
            success,
            id.ToString(),
            account.Settings.Type.Name(),
            (long)time.GetElapsedTime(started).TotalMilliseconds,
            success ? null : result.Answer,
            result.Category?.Name());
    }

    private async Task<ProviderAccount> ChooseAsync(TenantId tenant, ConfigTestRequest request, Caller caller, CancellationToken cancellationToken)
    {
        if (request.TestConfig is { } unsaved)
        {
            var bounded = await configs.CheckUnsavedAsync(tenant, unsaved, caller, "test_config.", cancellationToken);
            return resolver.ToAccount(tenant, bounded, time.GetUtcNow());
        }

        if (request.UseTenantConfig == false)
            return resolver.System;
        return (await resolver.ToAccountsAsync(await configs.GetAsync(tenant, cancellationToken), cancellationToken))[0];
    }

    private OutgoingEmail Mail(MessageId id, string to) => new(
        id,
        time.GetUtcNow(),
        new EmailContent
        {
            To = [to],
            Subject = "Test mail",
            Text = "This is a test mail. The configuration that sent it works.",
        });
}
