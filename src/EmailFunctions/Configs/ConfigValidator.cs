using EmailFunctions.Providers;
using EmailFunctions.Validation;
using FluentValidation;

namespace EmailFunctions.Configs;

/// <summary>The rules of a configuration; finds all that is wrong at once.</summary>
internal sealed class ConfigValidator : AbstractValidator<ConfigFields>
{
    /// <param name="secrets">The secrets that are there, given now or kept from before.</param>
    /// <param name="rules">What the deployment allows.</param>
    public ConfigValidator(IReadOnlySet<string> secrets, ConfigRules rules)
    {
        Include(new ProviderValidator(secrets.Contains, rules));
        RuleFor(c => c.Fallback).SetValidator(new ProviderValidator(name => secrets.Contains(SecretNames.FallbackPrefix + name), rules)!);
        RuleFor(c => c.FromName).Text(1, 100);
        RuleFor(c => c.ReplyTo).Address();
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

    // These take the system's sender where the tenant has none.
    private static bool IsForDevelopment(ProviderFields provider) =>
        ProviderValidator.Is(provider, ProviderType.Console) || ProviderValidator.Is(provider, ProviderType.File);
}
