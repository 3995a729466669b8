using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using EmailFunctions.Outbound;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Mailgun;
using EmailFunctions.Providers.SendGrid;
using EmailFunctions.Providers.Ses;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.Tests.Providers;
using EmailFunctions.Tests.Providers.Mailgun;
using EmailFunctions.Tests.Providers.SendGrid;
using EmailFunctions.Tests.Providers.Ses;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Outbound;

/// <summary>All that connects to places that tenants name, by the name of the adapter: the servers, the vendors, and the token endpoint.</summary>
internal sealed class OutboundBench : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly SmtpPools _pools;
    private readonly Dictionary<string, IEmailProvider> _providers;

    /// <param name="rules">What may be called.</param>
    /// <param name="names">Looks names up; null: as this machine does.</param>
    /// <param name="connector">Connects; null: as this machine does.</param>
    /// <param name="authority">Who vouches for servers; null: the system's authorities.</param>
    public OutboundBench(OutboundRules rules, IHostResolver? names = null, ISocketConnector? connector = null, X509Certificate2? authority = null)
    {
        var services = new ServiceCollection().AddSingleton(TimeProvider.System).AddOutbound(rules);
        if (names is not null)
            services.AddSingleton(names);
        if (connector is not null)
            services.AddSingleton(connector);
        _services = services.AddProviderClients(new HttpProviderOptions { Authorities = authority is null ? null : [authority] }).BuildServiceProvider();
        var (caller, options, time) = (_services.GetRequiredService<VendorCaller>(), new SmtpOptions(), TimeProvider.System);
        _pools = new SmtpPools(options, _services.GetRequiredService<OutboundGuard>(), _services.GetRequiredService<IHttpClientFactory>(), time);
        var smtp = new SmtpProvider(_pools, options, time);
        _providers = new()
        {
            ["smtp"] = smtp,
            ["token"] = smtp,
            ["aws_ses"] = new SesProvider(caller, new SesCredentials(new SesOptions(), time), time),
            ["sendgrid"] = new SendGridProvider(caller, new SendGridOptions(), time),
            ["mailgun"] = new MailgunProvider(caller, new MailgunOptions(), time),
        };
    }

    /// <summary>The adapters' names; <c>token</c> is the one of an SMTP server that wants access tokens.</summary>
    public static IReadOnlyList<string> Adapters { get; } = ["smtp", "token", "aws_ses", "sendgrid", "mailgun"];

    /// <summary>The handlers of the vendors' client.</summary>
    public HttpMessageHandler Handler => _services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(ProviderClients.NameOf(Emails.Tenant("acme")));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public Task<SendResult> SendAsync(string adapter, string host, int port, string scheme = "https", string owner = "acme") =>
        _providers[adapter].SendAsync(Emails.Outgoing(), Account(adapter, host, port, scheme) with { Owner = Emails.Tenant(owner) }, Token);

    public Task<ProbeResult> ProbeAsync(string adapter, string host, int port, string scheme = "https") =>
        _providers[adapter].ProbeAsync(Account(adapter, host, port, scheme), Token);

    public async ValueTask DisposeAsync()
    {
        _pools.Dispose();
        await _services.DisposeAsync();
    }

    // Under a version of its own, so that nothing kept for another place serves it.
    private static ProviderAccount Account(string adapter, string host, int port, string scheme)
    {
        var url = string.Create(CultureInfo.InvariantCulture, $"{scheme}://{AddressTricks.InUrl(host)}:{port}/");
        var smtp = new ProviderSettings { Type = ProviderType.Smtp, SmtpHost = host, SmtpPort = port, FromEmail = Emails.Sender };
        var (settings, secrets) = adapter switch
        {
            "smtp" => (smtp, ProviderSecrets.None),
            "token" => (
                smtp with { SmtpHost = "mail.example.com", SmtpPort = 587, SmtpUsername = "mailer@acme.example", SmtpOAuthTokenUrl = url + "token", SmtpOAuthClientId = "client" },
                new ProviderSecrets { SmtpOAuthClientSecret = "secret" }),
            "aws_ses" => (SesBench.Settings with { ApiEndpoint = url }, SesBench.Secrets),
            "sendgrid" => (SendGridBench.Settings with { ApiEndpoint = url }, new ProviderSecrets { ApiKey = SendGridBench.Key }),
            _ => (MailgunBench.Settings with { ApiEndpoint = url }, new ProviderSecrets { ApiKey = MailgunBench.Key }),
        };
        return Emails.Account(settings, secrets, version: $"{adapter} {host} {port}");
    }
}
