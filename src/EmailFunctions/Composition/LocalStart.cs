using EmailFunctions.Keys;
using EmailFunctions.Storage.Sqlite;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace EmailFunctions.Composition;

/// <summary>
/// First of the hosted services: opens the folder and the key, so that what is wrong with them stops the start.
/// </summary>
internal sealed partial class LocalStart(
    DataFolder folder, IKeyWrapper keys, IServer server, IHostApplicationLifetime lifetime, ILogger<LocalStart> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await keys.WrapAsync(new byte[DataKeyCache.KeyBytes], cancellationToken);
        lifetime.ApplicationStarted.Register(() =>
        {
            var addresses = string.Join(", ", server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []);
            Started(logger, addresses, folder.FullPath);
        });
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Listening on {Addresses}; data in {DataFolder}. No authentication: whoever reaches this address may send. API documentation at /docs.")]
    private static partial void Started(ILogger logger, string addresses, string dataFolder);
}
