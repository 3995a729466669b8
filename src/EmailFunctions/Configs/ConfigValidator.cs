using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Validation;
using FluentValidation;

namespace EmailFunctions.Configs;

/// <summary>The rules of a configuration; finds all that is wrong at once.</summary>
internal sealed class ConfigValidator : AbstractValidator<ConfigFields>
{
    private const string OutsideRequirement = "must be of a domain in allowed_from_domains";

    /// <param name="secrets">The secrets that are there, given now or kept from before.</param>
    /// <param name="rules">What the deployment allows.</param>
    public ConfigValidator(IReadOnlySet<string> secrets, ConfigRules rules)
    {
        Include(new ProviderValidator(secrets.Contains, rules));
        RuleFor(c => c.Fallback).SetValidator(new ProviderValidator(name => secrets.Contains(SecretNames.FallbackPrefix + name), rules)!);
        RuleFor(c => c.FromName).Text(1, 100);
        RuleFor(c => c.ReplyTo).Address();
        Senders();
        RuleFor(c => c.MaxRecipientsPerMessage).Between(1, MessageLimits.MaxRecipients);
        RuleFor(c => c.MaxMessageBytes).Between(1, MessageLimits.MaxBytes);
        RuleFor(c => c.RateLimitPerMinute).Between(0, int.MaxValue);
        RuleFor(c => c.RateLimitPerHour).Between(0, int.MaxValue);
        RuleFor(c => c.DailyQuota).Between(0, int.MaxValue);
        RuleFor(c => c.MonthlyBudgetUsd).Money();
        RuleFor(c => c.OverQuota).Must(static word => word is null or PolicyWords.Defer or PolicyWords.Reject).WithMessage("must be defer or reject");
        RuleFor(c => c.OnUnknown).Must(static word => word is null or PolicyWords.Resend or PolicyWords.Hold).WithMessage("must be resend or hold");
        When(static c => !IsForDevelopment(c), () => RuleFor(c => c.FromEmail).NotNull().WithMessage("is required for every provider that really sends"));
        When(
            static c => c.FromEmail is null && c.Fallback is { } fallback && !IsForDevelopment(fallback),
            () => RuleFor(c => c.Fallback!.FromEmail).NotNull().OverridePropertyName("fallback.from_email").WithMessage("is required, since the configuration has no from_email"));
    }

    // Whoever may send as a few only must not send as others by default.
    private void Senders()
    {
        RuleFor(c => c.AllowedFromDomains)
            .Must(static domains => domains is null or { Count: > 0 and <= SenderRule.MaxDomains }).WithMessage(FormattableString.Invariant($"must hold 1 to {SenderRule.MaxDomains} domains"));
        RuleForEach(c => c.AllowedFromDomains).Must(static domain => SenderRule.IsDomain(domain)).WithMessage(SenderRule.DomainRequirement);
        RuleFor(c => c.FromEmail).Must(static (c, sender) => MaySendAs(c, sender)).WithMessage(OutsideRequirement);
        When(
            static c => c.Fallback is not null,
            () => RuleFor(c => c.Fallback!.FromEmail).Must(static (c, sender) => MaySendAs(c, sender)).OverridePropertyName("fallback.from_email").WithMessage(OutsideRequirement));
    }

    // What is no address, or no list of domains, has been told.
    private static bool MaySendAs(ConfigFields config, string? sender) =>
        config.AllowedFromDomains is not { } domains || !domains.TrueForAll(SenderRule.IsDomain) || !EmailAddress.IsValid(sender) || SenderRule.OfTenant(domains).Allows(sender!);

    // These take the system's sender where the tenant has none.
    private static bool IsForDevelopment(ProviderFields provider) =>
        ProviderValidator.Is(provider, ProviderType.Console) || ProviderValidator.Is(provider, ProviderType.File);
}
