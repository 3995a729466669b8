using System.Net;
using EmailFunctions.Problems;

namespace EmailFunctions.Access;

/// <summary>
/// Without authentication, only a request for a name of this machine is answered: a page from elsewhere whose own name resolves to this machine
/// (DNS rebinding) could call the service from the browser of whoever looks at it.
/// </summary>
internal sealed class LoopbackHost(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context) => IsLoopback(context.Request.Host.Host) ? next(context) : throw Problem.NotLoopback();

    /// <summary>Whether a host is this machine by its own word, whatever a name server says.</summary>
    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
