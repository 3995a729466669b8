using EmailFunctions.Problems;

namespace EmailFunctions.Functions;

/// <summary>The routes by which the host calls the functions that have no HTTP trigger.</summary>
internal static partial class TriggerEndpoints
{
    public static void MapTriggers(this IEndpointRouteBuilder routes)
    {
        var logger = routes.ServiceProvider.GetRequiredService<ILogger<TriggerFunction>>();
        var hold = routes.ServiceProvider.GetRequiredService<StoreHold>();
        foreach (var function in routes.ServiceProvider.GetRequiredService<TriggerCatalog>().Functions)
        {
            routes.MapPost("/" + function.Name, context => CallAsync(context, function, hold, logger))
                .AllowAnonymous().DisableRateLimiting().WithMetadata(function).ExcludeFromDescription();
        }
    }

    private static async Task CallAsync(HttpContext context, TriggerFunction function, StoreHold hold, ILogger logger)
    {
        if (!HostOnly.IsFromHost(context, function.Name))
            throw new ProblemException(Problem.OfStatus(StatusCodes.Status404NotFound));
        var call = await TriggerRequest.ReadAsync(context.Request, context.RequestAborted);
        try
        {
            // Not bound to the connection: what a provider has begun must be written down, also when the host has gone.
            await hold.RunAsync(cancellationToken => function.RunAsync(call, cancellationToken));
        }
#pragma warning disable CA1031 // Whatever it is, the host is told that the call failed.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            CallFailed(logger, exception, function.Name, call.DeliveryCount);
            await hold.PauseAsync(function.PauseAfterFailure);
            throw Problem.Unavailable("The call failed; the host delivers its message again.");
        }

        await TriggerAnswer.WriteDoneAsync(context.Response);
    }

    [LoggerMessage(EventId = 500, Level = LogLevel.Warning, Message = "{Function} failed on delivery {DeliveryCount}; the host delivers the message again.")]
    private static partial void CallFailed(ILogger logger, Exception exception, string function, int deliveryCount);
}
