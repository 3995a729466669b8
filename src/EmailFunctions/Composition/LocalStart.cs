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
    DataFolder folder, IKeyWrapper keys, IServer server, IHostApplicationLifetime lifetime, ServiceSettings settings, ILogger<LocalStart> logger) : IHostedService
{
    private const string NoTokens = "No authentication: whoever reaches this address may send.";
    private const string Tokens = "Callers need access tokens.";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await keys.WrapAsync(new byte[DataKeyCache.KeyBytes], cancellationToken);
        lifetime.ApplicationStarted.Register(() =>
        {
            var addresses = string.Join(", ", server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []);
            Started(logger, addresses, folder.FullPath, settings.Tokens is null ? NoTokens : Tokens);
        });
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Listening on {Addresses}; data in {DataFolder}. {Access} API documentation at /docs.")]
    private static partial void Started(ILogger logger, string addresses, string dataFolder, string access);
}
