using EmailFunctions.Tests.Support.Azurite;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

namespace EmailFunctions.Tests.Support.Azurite;

/// <summary>
/// One Azurite, Azure Storage's emulator, for all tests of the assembly. It is started when the first test asks for it: one that runs
/// already if the settings name it, else a container if a Docker engine answers, else <c>npx azurite</c>. Tests share it, so each uses
/// names of its own.
/// </summary>
public sealed class AzuriteFixture : IAsyncDisposable
{
    /// <summary>The version that is tested with.</summary>
    public const string Version = "3.35.0";

    private readonly Lazy<Task<Started>> _started = new(StartAsync);

    /// <summary>The running server; without one the test that asks is skipped.</summary>
    public async Task<AzuriteServer> GetAsync()
    {
        var started = await _started.Value;
        Assert.SkipWhen(started.Server is null, started.Reason);
        return started.Server!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_started.IsValueCreated && (await _started.Value).Server is { } server)
            await server.DisposeAsync();
    }

    private static async Task<Started> StartAsync()
    {
        if (AzuriteSettings.Read() is { } connectionString)
            return new Started(new AzuriteServer(connectionString), "");

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
