using DotNet.Testcontainers.Builders;

namespace EmailFunctions.Tests.Support.Azurite;

/// <summary>Azurite in a container, where a Docker engine answers.</summary>
internal static class AzuriteContainer
{
    // The first start pulls the image.
    private static readonly TimeSpan StartTime = TimeSpan.FromMinutes(3);

    public static async Task<AzuriteServer> StartAsync()
    {
        using var timeout = new CancellationTokenSource(StartTime);
        // Refuses by itself where no engine answers.
        var container = new ContainerBuilder($"mcr.microsoft.com/azure-storage/azurite:{AzuriteFixture.Version}")
            .WithPortBinding(10000, assignRandomHostPort: true)
            .WithPortBinding(10001, assignRandomHostPort: true)
            .WithPortBinding(10002, assignRandomHostPort: true)
            .WithCommand(["azurite", "--blobHost", "0.0.0.0", "--queueHost", "0.0.0.0", "--tableHost", "0.0.0.0", .. AzuriteProcess.Options])
            .WithWaitStrategy(Wait.ForUnixContainer().UntilMessageIsLogged("Table service is successfully listening"))
            .Build();
        try
        {
            await container.StartAsync(timeout.Token);
            var connectionString = AzuriteSettings.Of(EndpointOf(10000), EndpointOf(10001), EndpointOf(10002));
            return new AzuriteServer(connectionString, container);
        }
        catch
        {
            await container.DisposeAsync();
            throw;
        }

        string EndpointOf(int port) => $"http://{container.Hostname}:{container.GetMappedPublicPort(port)}";
    }
}
