using EmailFunctions.Keys;
using EmailFunctions.Problems;
using EmailFunctions.Settings;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using Microsoft.AspNetCore.Connections;

namespace EmailFunctions.Composition;

/// <summary>Tells a start that can't succeed as it is set up from a fault of the service.</summary>
internal static class StartFailure
{
    public const int ExitCode = 2;

    /// <summary>What is to be mended, for the person who started the service; null when it is not theirs to mend.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        SettingsException or DataFolderException or KeyUnavailableException or StoreUnavailableException => exception.Message,
        // Of a command.
        ProblemException { Problem.Errors: { } errors } => string.Join("; ", errors.Select(static error => $"{error.Key} {string.Join(", ", error.Value)}")) + ".",
        ProblemException => exception.Message,
        IOException { InnerException: AddressInUseException } =>
            $"{exception.Message} Give the service another one, for example ASPNETCORE_URLS=http://localhost:7072.",
        _ => null,
    };
}
