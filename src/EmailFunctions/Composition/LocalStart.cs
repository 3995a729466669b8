using EmailFunctions.Keys;
using EmailFunctions.Settings;
using EmailFunctions.Storage.Sqlite;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace EmailFunctions.Composition;

/// <summary>
/// First of the hosted services: opens the folder and the key, so that what is wrong with them stops the start.
/// </summary>
internal sealed partial class LocalStart(
    DataFolder folder, [FromKeyedServices(RegisteredKeyWrapper.Trial)] IKeyWrapper keys, KeyRegister register, IServer server, IHostApplicationLifetime lifetime, ServiceSettings settings, ILogger<LocalStart> logger) : IHostedService
{
    private const string NoCredentials = "No authentication, since EMAIL_AUTH is none: whoever reaches this loopback address may do everything.";
    private const string Keys = "Callers need API keys.";
    private const string KeysAndTokens = "Callers need API keys or access tokens.";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await keys.WrapAsync(new byte[DataKeyCache.KeyBytes], cancellationToken);
        await TryOldKeysAsync(cancellationToken);
        lifetime.ApplicationStarted.Register(() =>
        {
            var addresses = string.Join(", ", server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []);
            Started(logger, addresses, folder.FullPath, settings.Access switch { { IsRequired: false } => NoCredentials, { Tokens: null } => Keys, _ => KeysAndTokens });
        });
    }

    // Not a reason to refuse the start: mail that needs the key waits for it, and the rest is sent.
    private async Task TryOldKeysAsync(CancellationToken cancellationToken)
    {
        try
        {
            await register.TryAllAsync(keys, cancellationToken);
        }
        catch (KeyUnavailableException exception)
        {
            KeyLost(logger, exception.Message);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(EventId = 2, Level = LogLevel.Critical, Message = "{Explanation}")]
    private static partial void KeyLost(ILogger logger, string explanation);

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Listening on {Addresses}; data in {DataFolder}. {Access} API documentation at /docs.")]
    private static partial void Started(ILogger logger, string addresses, string dataFolder, string access);
}
