using EmailFunctions.Problems;
using EmailFunctions.Tenants;

namespace EmailFunctions.Brakes;

/// <summary>Bounds the test mails of a tenant, which go out at once, past its limits.</summary>
public sealed class TestSendBrake(BrakeSettings settings) : IDisposable
{
    private readonly Brake _brake = new(settings.TestSendsPerHour, TimeSpan.FromHours(1));

    /// <summary>Lets a test mail go.</summary>
    /// <exception cref="ProblemException">429: the tenant has had too many.</exception>
    public void Take(TenantId tenant)
    {
        if (_brake.Take(tenant.Value) is { } wait)
            throw Problem.TooMany("The tenant has sent too many test mails within an hour.", wait);
    }

    public void Dispose() => _brake.Dispose();
}
