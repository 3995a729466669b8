namespace EmailFunctions.Hardening;

/// <summary>What a page may load and whom it may call. Scripts come from the service's own files alone, of every page.</summary>
internal sealed record PagePolicy
{
    /// <summary>Whether it styles itself by attributes and elements, as the pages of the API's packages do.</summary>
    public bool StylesItself { get; init; }

    /// <summary>Whether it searches in a worker that it makes of a text.</summary>
    public bool HasWorker { get; init; }

    /// <summary>Whom it may call beside the service: who issues the access tokens that it signs in for.</summary>
    public Uri? Issuer { get; init; }

    /// <summary>Whether it opens the issuer's page in a window of its own, which has to find its way back.</summary>
    public bool OpensIssuer { get; init; }

    /// <summary>Whether it is the one to which that window comes back.</summary>
    public bool ComesFromIssuer { get; init; }

    private string Content =>
        "default-src 'none'; script-src 'self'; "
        + (StylesItself ? "style-src 'self' 'unsafe-inline'; font-src 'self' data:; " : "style-src 'self'; ")
        + "img-src 'self' data:; "
        + (Issuer is null ? "connect-src 'self'; " : $"connect-src 'self' {Issuer.GetLeftPart(UriPartial.Authority)}; ")
        + (HasWorker ? "worker-src 'self' blob:; " : "")
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public void ApplyTo(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Content;
        if (OpensIssuer)
            response.Headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups";
        // It was another origin's before; a policy of its own would cut it off from the page that opened it.
        if (ComesFromIssuer)
            response.Headers["Cross-Origin-Opener-Policy"] = "unsafe-none";
    }
}
