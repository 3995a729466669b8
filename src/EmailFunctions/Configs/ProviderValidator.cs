using System.Diagnostics.CodeAnalysis;
using System.Linq.Expressions;
using EmailFunctions.Outbound;
using EmailFunctions.Providers;
using EmailFunctions.Validation;
using FluentValidation;

namespace EmailFunctions.Configs;

/// <summary>The rules of one provider, whether it is the first or the fallback.</summary>
internal sealed class ProviderValidator : AbstractValidator<ProviderFields>
{
    private const int MaxSecretLength = 1024;
    private const int MaxTokenLength = 4096;

    private readonly Func<string, bool> _hasSecret;

    /// <param name="hasSecret">Whether a secret of this name is there, given now or kept from before.</param>
    /// <param name="rules">What the deployment allows.</param>
    public ProviderValidator(Func<string, bool> hasSecret, ConfigRules rules)
    {
        _hasSecret = hasSecret;
        RuleFor(c => c.ProviderType)
            .NotNull().WithMessage("is required: " + ProviderTypes.Choices)
            .Must(static name => name is null || ProviderTypes.TryParse(name, out _)).WithMessage("must be " + ProviderTypes.Choices);
        LengthsAndGrammar();
        SmtpServer(rules.Outbound);
        Endpoint(c => c.ApiEndpoint, rules);
        Endpoint(c => c.SmtpOauthTokenUrl, rules);
        When(c => Is(c, ProviderType.Smtp), Smtp);
        When(c => Is(c, ProviderType.AwsSes), () => AwsSes(rules));
        When(c => Is(c, ProviderType.SendGrid), () => RequireSecret(SecretNames.ApiKey, "is required for sendgrid"));
        When(c => Is(c, ProviderType.Mailgun), () => RequireSecret(SecretNames.ApiKey, "is required for mailgun"));
    }

    public static bool Is(ProviderFields fields, ProviderType type) =>
        ProviderTypes.TryParse(fields.ProviderType, out var parsed) && parsed == type;

    private void LengthsAndGrammar()
    {
        RuleFor(c => c.SmtpHost).Text(1, 255);
        RuleFor(c => c.SmtpPort).Between(1, 65535);
        RuleFor(c => c.SmtpUsername).Text(1, 255);
        RuleFor(c => c.SmtpPassword).Text(1, MaxSecretLength);
        RuleFor(c => c.SmtpOauthClientId).Text(1, 255);
        RuleFor(c => c.SmtpOauthClientSecret).Text(1, MaxSecretLength);
        RuleFor(c => c.SmtpOauthRefreshToken).Text(1, MaxTokenLength);
        RuleFor(c => c.SmtpOauthScope).Text(1, 255);
        RuleFor(c => c.AwsRegion).Text(1, 50)
            .Must(static region => region is null || ProviderGrammar.IsAwsRegion(region)).WithMessage("must be a region like eu-west-1");
        RuleFor(c => c.AwsConfigurationSet).Text(1, 255);
        Key(c => c.AwsAccessKey, MaxSecretLength);
        RuleFor(c => c.AwsSecretKey).Text(1, MaxSecretLength);
        Key(c => c.AwsSessionToken, MaxTokenLength);
        Key(c => c.ApiKey, MaxSecretLength);
        RuleFor(c => c.MailgunDomain).Text(1, 255)
            .Must(static domain => domain is null || EmailAddress.IsValid("a@" + domain)).WithMessage("must be a domain like mg.example.com");
        RuleFor(c => c.FromEmail).Address();
        RuleFor(c => c.CostPerEmailUsd).Money();
    }

    // What is wrong with a place is told of the field that names that part of it.
    private void SmtpServer(OutboundRules outbound)
    {
        RuleFor(c => c.SmtpHost).Custom((_, context) => Report(context, isAboutPort: false));
        RuleFor(c => c.SmtpPort).Custom((_, context) => Report(context, isAboutPort: true));

        void Report(ValidationContext<ProviderFields> context, bool isAboutPort)
        {
            if (context.InstanceToValidate is { SmtpHost: { } host } fields
                && outbound.FindFault(new OutboundPlace(host, TenantConfig.SmtpPortOf(fields), PlaceKind.Smtp)) is { } fault && fault.IsAboutPort == isAboutPort)
                context.AddFailure(fault.Must);
        }
    }

    private void Key(Expression<Func<ProviderFields, string?>> field, int maxLength) =>
        RuleFor(field).Text(1, maxLength)
            .Must(static key => key is null || ProviderGrammar.IsKey(key)).WithMessage("must be of ASCII characters that can be seen, without spaces");

    private void Endpoint(Expression<Func<ProviderFields, string?>> field, ConfigRules rules) =>
        RuleFor(field).Text(1, 255).Custom((endpoint, context) =>
        {
            if (endpoint is null)
                return;
            if (!TryReadEndpoint(endpoint, rules.AllowHttpEndpoints, out var uri))
                context.AddFailure(rules.AllowHttpEndpoints ? "must be an http or https address without user, query or fragment" : "must be an https address without user, query or fragment");
            else if (rules.Outbound.FindFault(uri) is { } fault)
                context.AddFailure(fault.IsAboutPort ? $"has a port that {fault.Must}" : fault.Must);
        });

    private void Smtp()
    {
        RuleFor(c => c.SmtpHost).NotNull().WithMessage("is required for smtp");
        RuleFor(c => c.SmtpUseSsl)
            .Must(static (c, ssl) => !(ssl == true && c.SmtpUseTls == true))
            .WithMessage("and smtp_use_tls can't both be true: STARTTLS begins in clear, implicit TLS does not");
        RuleFor(c => c.SmtpPassword)
            .Must(static (c, password) => password is null || c.SmtpUsername is not null)
            .WithMessage("needs smtp_username");
        RuleFor(c => c.SmtpUsername)
            .Must((c, user) => user is null || c.SmtpOauthTokenUrl is not null || _hasSecret(SecretNames.SmtpPassword))
            .WithMessage("needs smtp_password");
        When(static c => c.SmtpOauthTokenUrl is not null, Oauth);
    }

    private void Oauth()
    {
        RuleFor(c => c.SmtpOauthTokenUrl)
            .Must(_ => !_hasSecret(SecretNames.SmtpPassword)).WithMessage("and smtp_password can't both be given: the server is opened by one of them")
            .Must(static (c, _) => c.SmtpUsername is not null).WithMessage("needs smtp_username, the mailbox that sends");
        RuleFor(c => c.SmtpOauthClientId).NotNull().WithMessage("is required with smtp_oauth_token_url");
        RuleFor(c => c)
            .Must(_ => _hasSecret(SecretNames.SmtpOauthClientSecret) || _hasSecret(SecretNames.SmtpOauthRefreshToken))
            .OverridePropertyName(SecretNames.SmtpOauthClientSecret)
            .WithMessage("or smtp_oauth_refresh_token is required with smtp_oauth_token_url");
    }

    private void AwsSes(ConfigRules rules)
    {
        RuleFor(c => c.AwsRegion).NotNull().WithMessage("is required for aws_ses");
        if (rules.AllowAwsDefaultCredentials)
        {
            When(_ => _hasSecret(SecretNames.AwsSecretKey) || _hasSecret(SecretNames.AwsSessionToken), () => RequireSecret(SecretNames.AwsAccessKey, "is required beside the other of the two keys"));
            When(_ => _hasSecret(SecretNames.AwsAccessKey) || _hasSecret(SecretNames.AwsSessionToken), () => RequireSecret(SecretNames.AwsSecretKey, "is required beside the other of the two keys"));
            RuleFor(c => c.ApiEndpoint).Must(endpoint => endpoint is null || _hasSecret(SecretNames.AwsAccessKey))
                .WithMessage("needs aws_access_key and aws_secret_key: the service's own credentials go to Amazon alone");
            return;
        }

        RequireSecret(SecretNames.AwsAccessKey, "is required for aws_ses");
        RequireSecret(SecretNames.AwsSecretKey, "is required for aws_ses");
    }

    private void RequireSecret(string name, string message) =>
        RuleFor(c => c).Must(_ => _hasSecret(name)).OverridePropertyName(name).WithMessage(message);

    private static bool TryReadEndpoint(string text, bool allowHttp, [NotNullWhen(true)] out Uri? uri) =>
        // Uri trims spaces and escapes them, and takes a backslash for a slash, which not all readers do.
        Uri.TryCreate(text, UriKind.Absolute, out uri)
        && !text.Any(static c => char.IsWhiteSpace(c) || c == '\\')
        && (uri.Scheme == Uri.UriSchemeHttps || (allowHttp && uri.Scheme == Uri.UriSchemeHttp))
        && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0;
}
