namespace EmailFunctions.Brakes;

/// <summary>
/// How much one caller may ask of one instance. Each figure is what goes through at once, and then again in each period; 0: there is no such brake.
/// </summary>
public sealed record BrakeSettings
{
    /// <summary>No brake at all.</summary>
    public static BrakeSettings Off { get; } = new();

    /// <summary>Requests a minute with one credential.</summary>
    public int CallerPerMinute { get; init; }

    /// <summary>Requests a minute from one address for what is open to anybody.</summary>
    public int OpenPerMinute { get; init; }

    /// <summary>Requests a minute from one address whose credential is missing or no good.</summary>
    public int FailedPerMinute { get; init; }

    /// <summary>Test mails an hour of one tenant.</summary>
    public int TestSendsPerHour { get; init; }

    /// <summary>
    /// Whether the last entry of <c>X-Forwarded-For</c> names the client: true under the Functions host, whose front end writes it, and through which alone
    /// requests come. Elsewhere a client could write it, and the address is that of the connection.
    /// </summary>
    public bool IsBehindFrontEnd { get; init; }
}
