namespace EmailFunctions.Providers.Smtp;

/// <summary>The HTTP client that talks to token endpoints.</summary>
internal static class SmtpTokenClient
{
    // An answer is a token and a few words.
    private const int MaxAnswerBytes = 64 * 1024;

    public static IServiceCollection AddSmtpTokenClient(this IServiceCollection services)
    {
        services.AddHttpClient(SmtpToken.ClientName, static client =>
            {
                client.MaxResponseContentBufferSize = MaxAnswerBytes;
                // The fetch has a time of its own.
                client.Timeout = Timeout.InfiniteTimeSpan;
            })
            // Secrets go nowhere but where the configuration says.
            .ConfigurePrimaryHttpMessageHandler(static () => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
            // Its lines would name the address of a tenant's issuer with each fetch.
            .RemoveAllLoggers();
        return services;
    }
}
