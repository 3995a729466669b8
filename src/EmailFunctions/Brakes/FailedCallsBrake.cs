using EmailFunctions.Access;
using EmailFunctions.Problems;

namespace EmailFunctions.Brakes;

/// <summary>
/// Slows down whoever calls with no credential, or with one that is no good. It never keeps out a credential that is good: access tokens are checked
/// without asking anybody, so they always are, and an API key that was good here lately is. What it saves the store is looking up one
/// made-up key after another: beyond the brake, a key that was not seen here is looked up only as the address gets tokens back.
/// </summary>
internal sealed class FailedCallsBrake(RequestDelegate next, BrakeSettings settings, IApiKeyVerifier keys, Brake brake, GoodKeys good)
{
    private const string Detail = "Too many requests of this address had no valid credential.";

    public async Task InvokeAsync(HttpContext context)
    {
        var address = ClientAddress.KeyOf(context, settings.IsBehindFrontEnd);
        var key = BearerCredential.Of(context.Request) is { } credential && keys.IsApiKey(credential) ? credential : null;
        if (key is not null && !good.Has(key) && brake.Look(address) is { } untilLookUp)
            throw Problem.TooMany(Detail, untilLookUp);
        try
        {
            await next(context);
        }
        finally
        {
            if (key is not null && context.Features.Get<Caller>() is not null)
                good.Note(key);
        }

        if (context.Response is not { StatusCode: StatusCodes.Status401Unauthorized, HasStarted: false })
            return;
        if (key is not null)
            good.Forget(key);
        if (brake.Take(address) is { } wait)
            throw Problem.TooMany(Detail, wait);
    }
}
