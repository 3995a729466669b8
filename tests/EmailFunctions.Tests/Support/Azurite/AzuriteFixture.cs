using EmailFunctions.Tests.Support.Azurite;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

namespace EmailFunctions.Tests.Support.Azurite;

/// <summary>
/// Azurite, Azure Storage's emulator, for the tests of the assembly. It is started when the first test asks for it: one that runs
/// already if the settings name it, else a container if a Docker engine answers, else <c>npx azurite</c>. Tests share it, so each uses
/// names of its own.
/// </summary>
public sealed class AzuriteFixture : IAsyncDisposable
{
    /// <summary>The version that is tested with.</summary>
    public const string Version = "3.35.0";

    private readonly Lazy<Task<Started>> _shared = new(static () =>
        AzuriteSettings.Read() is { } connectionString ? Task.FromResult(new Started(new AzuriteServer(connectionString), "")) : StartAsync());

    private readonly Lazy<Task<Started>> _other = new(StartAsync);

    /// <summary>The running server; without one the test that asks is skipped.</summary>
    public Task<AzuriteServer> GetAsync() => GetAsync(_shared);

    /// <summary>Another one, for the one test that takes long and uses the service's own names meanwhile.</summary>
    public Task<AzuriteServer> GetOtherAsync() => GetAsync(_other);

    public async ValueTask DisposeAsync()
    {
        foreach (var started in new[] { _shared, _other }.Where(static started => started.IsValueCreated))
        {
            if ((await started.Value).Server is { } server)
                await server.DisposeAsync();
        }
    }

    private static async Task<AzuriteServer> GetAsync(Lazy<Task<Started>> server)
    {
        var started = await server.Value;
        Assert.SkipWhen(started.Server is null, started.Reason);
        return started.Server!;
    }

    private static async Task<Started> StartAsync()
    {
        var reasons = new List<string>();
        foreach (var start in new[] { AzuriteContainer.StartAsync, AzuriteProcess.StartAsync })
        {
            try
            {
                return new Started(await start(), "");
            }
#pragma warning disable CA1031 // Whatever it is, there is another way, or a reason to tell.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                reasons.Add(exception.Message);
            }
        }

        return new Started(
            null, $"Azurite can't be had: set {AzuriteSettings.ConnectionString}, or start Docker, or install Node. {string.Join(" ", reasons)}");
    }

    private sealed record Started(AzuriteServer? Server, string Reason);
}

/// <summary>An Azurite that answers.</summary>
/// <param name="connectionString">To its blobs, queues and tables.</param>
/// <param name="owned">What was started for it, to be ended with it.</param>
public sealed class AzuriteServer(string connectionString, IAsyncDisposable? owned = null) : IAsyncDisposable
{
    public string ConnectionString { get; } = connectionString;

    public ValueTask DisposeAsync() => owned?.DisposeAsync() ?? default;
}
