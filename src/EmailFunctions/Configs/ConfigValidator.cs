using EmailFunctions.Providers;
using EmailFunctions.Validation;
using FluentValidation;

namespace EmailFunctions.Configs;

/// <summary>The rules of a configuration; finds all that is wrong at once.</summary>
internal sealed class ConfigValidator : AbstractValidator<ConfigFields>
{
    private const int MaxSecretLength = 1024;

    private readonly IReadOnlySet<string> _secrets;

    public ConfigValidator(IReadOnlySet<string> secrets, bool allowHttpEndpoints)
    {
        _secrets = secrets;
        RuleFor(c => c.ProviderType)
            .NotNull().WithMessage("is required: " + ProviderTypes.Choices)
            .Must(static name => name is null || ProviderTypes.TryParse(name, out _)).WithMessage("must be " + ProviderTypes.Choices);
        LengthsAndGrammar(allowHttpEndpoints);
        Numbers();
        When(c => Is(c, ProviderType.Smtp), Smtp);
        When(c => Is(c, ProviderType.AwsSes), AwsSes);
        When(c => Is(c, ProviderType.SendGrid), () => RequireSecret(SecretNames.ApiKey, ProviderType.SendGrid));
        When(c => Is(c, ProviderType.Mailgun), () => RequireSecret(SecretNames.ApiKey, ProviderType.Mailgun));
        // Console and file take the system's sender where the tenant has none.
        When(c => !Is(c, ProviderType.Console) && !Is(c, ProviderType.File), () => Required(c => c.FromEmail, "for every provider that really sends"));
    }

    private static bool Is(ConfigFields fields, ProviderType type) =>
        ProviderTypes.TryParse(fields.ProviderType, out var parsed) && parsed == type;

    private void LengthsAndGrammar(bool allowHttpEndpoints)
    {
        RuleFor(c => c.SmtpHost).Text(1, 255)
            .Must(static host => host is null || Uri.CheckHostName(host) is not UriHostNameType.Unknown).WithMessage("must be a host name or an IP address");
        RuleFor(c => c.SmtpUsername).Text(1, 255);
        RuleFor(c => c.SmtpPassword).Text(1, MaxSecretLength);
        RuleFor(c => c.AwsRegion).Text(1, 50)
            .Must(static region => region is null || IsLabel(region)).WithMessage("must be a region like eu-west-1");
        RuleFor(c => c.AwsConfigurationSet).Text(1, 255);
        RuleFor(c => c.AwsAccessKey).Text(1, MaxSecretLength);
        RuleFor(c => c.AwsSecretKey).Text(1, MaxSecretLength);
        RuleFor(c => c.ApiKey).Text(1, MaxSecretLength);
        RuleFor(c => c.ApiEndpoint).Text(1, 255)
            .Must(endpoint => endpoint is null || IsEndpoint(endpoint, allowHttpEndpoints))
            .WithMessage(allowHttpEndpoints ? "must be an http or https address without user, query or fragment" : "must be an https address without user, query or fragment");
        RuleFor(c => c.MailgunDomain).Text(1, 255)
            .Must(static domain => domain is null || EmailAddress.IsValid("a@" + domain)).WithMessage("must be a domain like mg.example.com");
        RuleFor(c => c.FromEmail).Address();
        RuleFor(c => c.FromName).Text(1, 100);
        RuleFor(c => c.ReplyTo).Address();
    }

    private void Numbers()
    {
        RuleFor(c => c.SmtpPort).Between(1, 65535);
        RuleFor(c => c.RateLimitPerMinute).Between(0, int.MaxValue);
        RuleFor(c => c.RateLimitPerHour).Between(0, int.MaxValue);
        RuleFor(c => c.DailyQuota).Between(0, int.MaxValue);
        RuleFor(c => c.CostPerEmailUsd).Money();
        RuleFor(c => c.MonthlyBudgetUsd).Money();
        RuleFor(c => c.OverQuota).Must(static word => word is null or PolicyWords.Defer or PolicyWords.Reject).WithMessage("must be defer or reject");
        RuleFor(c => c.OnUnknown).Must(static word => word is null or PolicyWords.Resend or PolicyWords.Hold).WithMessage("must be resend or hold");
    }

    private void Smtp()
    {
        Required(c => c.SmtpHost, "for smtp");
        RuleFor(c => c.SmtpUseSsl)
            .Must(static (c, ssl) => !(ssl == true && c.SmtpUseTls == true))
            .WithMessage("and smtp_use_tls can't both be true: STARTTLS begins in clear, implicit TLS does not");
        RuleFor(c => c.SmtpPassword)
            .Must(static (c, password) => password is null || c.SmtpUsername is not null)
            .WithMessage("needs smtp_username");
        RuleFor(c => c.SmtpUsername)
            .Must(user => user is null || _secrets.Contains(SecretNames.SmtpPassword))
            .WithMessage("needs smtp_password");
    }

    private void AwsSes()
    {
        Required(c => c.AwsRegion, "for aws_ses");
        RequireSecret(SecretNames.AwsAccessKey, ProviderType.AwsSes);
        RequireSecret(SecretNames.AwsSecretKey, ProviderType.AwsSes);
    }

    private void Required(System.Linq.Expressions.Expression<Func<ConfigFields, string?>> field, string why) =>
        RuleFor(field).NotNull().WithMessage("is required " + why);

    private void RequireSecret(string name, ProviderType type) =>
        RuleFor(c => c)
            .Must(_ => _secrets.Contains(name))
            .OverridePropertyName(name)
            .WithMessage($"is required for {type.Name()}");

    private static bool IsLabel(string text) =>
        text.Length > 0 && text.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && text[0] != '-' && text[^1] != '-';

    private static bool IsEndpoint(string text, bool allowHttp) =>
        // Uri trims spaces and escapes them.
        !text.Any(char.IsWhiteSpace)
        && Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (allowHttp && uri.Scheme == Uri.UriSchemeHttp))
        && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0;
}
