using System.Net;
using EmailFunctions.Problems;

namespace EmailFunctions.Access;

/// <summary>
/// Without authentication, only a request for a name of this machine is answered: a page from elsewhere whose own name resolves to this machine
/// (DNS rebinding) could call the service from the browser of whoever looks at it. So could any page by the service's own name, if it does without
/// reading the answer; browsers say then whose page it is.
/// </summary>
internal sealed class LoopbackHost(RequestDelegate next, AccessRules rules)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (!IsLoopback(context.Request.Host.Host))
            throw Problem.NotLoopback();
        return IsOfOwnPage(context.Request) ? next(context) : throw Problem.ForeignPage();
    }

    /// <summary>Whether a host is this machine by its own word, whatever a name server says.</summary>
    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    // Of a form or a script of another page, or of one that has no name ("null"), the origin is another (RFC 6454 section 7). Pages of this machine are
    // the desk's own; which port theirs has, the Functions host does not say on the way here.
    private bool IsOfOwnPage(HttpRequest request) =>
        request.Headers.Origin is not [{ } origin, ..] || rules.CorsOrigins.Contains(origin) || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && IsLoopback(uri.Host));
}
