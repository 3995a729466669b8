using EmailFunctions.Brakes;
using EmailFunctions.Sending;

namespace EmailFunctions.Settings;

/// <summary>Reads how much one caller may ask of one instance. Without authentication, whoever calls is at this machine, and nobody is braked.</summary>
internal static class BrakeVariables
{
    private const int Most = 1_000_000;

    public static BrakeSettings Read(SettingsReader reader, bool isAuthRequired, bool isBehindFrontEnd)
    {
        var settings = new BrakeSettings
        {
            CallerPerMinute = reader.Number("EMAIL_BRAKE_CALLER_PER_MINUTE", 12_000, 0, Most),
            OpenPerMinute = reader.Number("EMAIL_BRAKE_OPEN_PER_MINUTE", 600, 0, Most),
            FailedPerMinute = reader.Number("EMAIL_BRAKE_FAILED_PER_MINUTE", 60, 0, Most),
            TestSendsPerHour = reader.Number("EMAIL_BRAKE_TEST_SENDS_PER_HOUR", 60, 0, Most),
            IsBehindFrontEnd = isBehindFrontEnd,
        };
        return isAuthRequired ? settings : BrakeSettings.Off;
    }

    /// <summary>Bytes of the body of a request that brings mail.</summary>
    public static int ReadMaxBody(SettingsReader reader) => reader.Number("EMAIL_MAX_BODY_BYTES", SendingSettings.LargestBody, SendingSettings.SmallestBody, SendingSettings.LargestBody);

    /// <summary>Header fields of a request; beyond, the web server answers 431.</summary>
    public static int ReadMaxHeaders(SettingsReader reader) => reader.Number("EMAIL_MAX_REQUEST_HEADERS", 100, 20, 1_000);
}
