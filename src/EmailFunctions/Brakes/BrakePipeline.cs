using System.Threading.RateLimiting;
using EmailFunctions.Access;
using EmailFunctions.Problems;

namespace EmailFunctions.Brakes;

/// <summary>Puts the brakes where requests pass.</summary>
internal static class BrakePipeline
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    public static void AddBrakes(this IServiceCollection services, BrakeSettings settings)
    {
        services.AddSingleton(settings).AddSingleton<TestSendBrake>().AddSingleton<GoodKeys>();
        services.AddRateLimiter(options =>
        {
            options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => PartitionOf(context, settings));
            options.OnRejected = static (rejected, _) => throw Problem.TooMany("The caller asks for more than EMAIL_BRAKE_… lets through.", Brake.WaitOf(rejected.Lease));
        });
    }

    /// <summary>Before it is known who calls: for those of whom that will not become known.</summary>
    public static void UseFailedCallsBrake(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<BrakeSettings>();
        if (settings.FailedPerMinute == 0)
            return;
        var brake = new Brake(settings.FailedPerMinute, Minute);
        app.Lifetime.ApplicationStopped.Register(brake.Dispose);
        app.UseMiddleware<FailedCallsBrake>(brake);
    }

    /// <summary>Once it is known. What counts is the credential; for what is open to anybody, the address.</summary>
    public static void UseCallerBrake(this WebApplication app)
    {
        if (app.Services.GetRequiredService<BrakeSettings>() is { CallerPerMinute: > 0 } or { OpenPerMinute: > 0 })
            app.UseRateLimiter();
    }

    private static RateLimitPartition<string> PartitionOf(HttpContext context, BrakeSettings settings)
    {
        var (key, permits) = context.Features.Get<Caller>() is { } caller
            ? ($"caller {caller.Tenant} {caller.Name}", settings.CallerPerMinute)
            : ("address " + ClientAddress.KeyOf(context, settings.IsBehindFrontEnd), settings.OpenPerMinute);
        return permits == 0 ? RateLimitPartition.GetNoLimiter("") : RateLimitPartition.GetTokenBucketLimiter(key, _ => Brake.Options(permits, Minute));
    }
}
