using Microsoft.AspNetCore.Http;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>Checks the key of a public request and chooses how it reaches the worker.</summary>
internal sealed class HttpDispatch(
    HostFile file, FunctionsHostOptions options, HttpForwarding forwarding, HttpPosting posting, HttpProxying proxying)
{
    public async Task RunAsync(FunctionDefinition function, HttpContext context)
    {
        if (!IsAllowed(function, context.Request))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        // Proxying is looked at first; a host that is older does not know it.
        var sent = !function.IsPureHttp ? posting.RunAsync(function, context)
            : file.Proxying && options.HttpMode == HttpMode.Proxying ? proxying.RunAsync(function, context)
            : file.Forwarding ? forwarding.RunAsync(function, context)
            : posting.RunAsync(function, context);
        if (!await sent && !context.Response.HasStarted)
        {
            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
    }

    private bool IsAllowed(FunctionDefinition function, HttpRequest request)
    {
        var key = request.Headers["x-functions-key"].ToString() is { Length: > 0 } header ? header : request.Query["code"].ToString();
        return function.AuthLevel switch
        {
            "ANONYMOUS" => true,
            "FUNCTION" => key == options.FunctionKey || key == options.MasterKey,
            _ => key == options.MasterKey,
        };
    }
}
