namespace EmailFunctions.Hardening;

/// <summary>
/// What browsers are told with every answer, whatever it is: that it is nobody's script, frame or cached copy. A page says of itself what it
/// needs beyond that (<see cref="PagePolicy"/>).
/// </summary>
internal static class SecurityHeaders
{
    // Of answers that are no page: nothing in them is to be run, loaded or framed.
    private const string NoPage = "default-src 'none'; frame-ancestors 'none'";

    private const string Year = "max-age=31536000";

    private static readonly (string Name, string Value)[] Always =
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Content-Security-Policy", NoPage),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"),
        ("Cache-Control", "no-store"),
    ];

    /// <summary>Adds them; before all else, so that no answer is without.</summary>
    /// <param name="app">The service.</param>
    /// <param name="isHttpsOnly">Whether clients come over TLS alone, which ends before the service: browsers are told to stay with it (RFC 6797).</param>
    public static void UseSecurityHeaders(this IApplicationBuilder app, bool isHttpsOnly) => app.Use((context, next) =>
    {
        // At the last moment: a problem clears what was set before it.
        context.Response.OnStarting(static state =>
        {
            var (headers, isHttpsOnly) = ((IHeaderDictionary, bool))state;
            foreach (var (name, value) in Always)
                headers.TryAdd(name, value);
            if (isHttpsOnly)
                headers.StrictTransportSecurity = Year;
            return Task.CompletedTask;
        }, (context.Response.Headers, isHttpsOnly));
        return next(context);
    });
}
