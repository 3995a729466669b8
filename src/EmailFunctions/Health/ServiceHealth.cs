using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using EmailFunctions.Keys;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;

namespace EmailFunctions.Health;

public sealed record HealthResponse(string Status, bool Live, bool Ready, IReadOnlyList<HealthCheck> Checks);

public sealed record HealthCheck(string Name, bool Healthy, string? Error);

/// <summary>Whether the service could take and send mail right now: each part that it needs is really used once.</summary>
public sealed partial class ServiceHealth(IEntityTable table, IQueueProbe queue, [FromKeyedServices(RegisteredKeyWrapper.Trial)] IKeyWrapper keys, KeyRegister register, TimeProvider time, ILogger<ServiceHealth> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KeyTrust = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OldKeyTrust = TimeSpan.FromMinutes(1);

    private DateTimeOffset? _keyWorkedAt;
    private DateTimeOffset? _oldKeysWorkedAt;

    public async Task<HealthResponse> CheckAsync(CancellationToken cancellationToken)
    {
        var checks = await Task.WhenAll(
            CheckAsync("store", token => table.GetAsync(new EntityKey("health", "probe"), token), cancellationToken),
            CheckAsync("queue", queue.ProbeAsync, cancellationToken),
            CheckAsync("key", ProbeKeyAsync, cancellationToken));
        var ready = Array.TrueForAll(checks, static check => check.Healthy);
        return new HealthResponse(ready ? "healthy" : "unhealthy", Live: true, ready, checks);
    }

    private async Task<HealthCheck> CheckAsync(string name, Func<CancellationToken, Task> probe, CancellationToken cancellationToken)
    {
        try
        {
            await probe(cancellationToken).WaitAsync(Patience, cancellationToken);
            return new HealthCheck(name, true, null);
        }
#pragma warning disable CA1031 // What fails is the answer.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            CheckFailed(logger, exception, name);
            return new HealthCheck(name, false, Explain(name, exception));
        }
    }

    // Anybody may ask, so a key is named by its number alone.
    private static string Explain(string name, Exception exception) => exception is KeyUnavailableException { LostVersion: { } version }
        ? string.Create(CultureInfo.InvariantCulture, $"Version {version} of the key can't be used, and there is data that was encrypted under it; the log has the details.")
        : $"The {name} can't be used ({exception.GetType().Name}); the log has the details.";

    // Anybody may ask, and each time the key's home would be asked, which counts and has its limits.
    private async Task ProbeKeyAsync(CancellationToken cancellationToken)
    {
        await ProbeNewestKeyAsync(cancellationToken);
        if (_oldKeysWorkedAt is { } worked && time.GetUtcNow() - worked < OldKeyTrust)
            return;
        await register.TryAllAsync(keys, cancellationToken);
        _oldKeysWorkedAt = time.GetUtcNow();
    }

    private async Task ProbeNewestKeyAsync(CancellationToken cancellationToken)
    {
        if (_keyWorkedAt is { } worked && time.GetUtcNow() - worked < KeyTrust)
            return;
        var key = RandomNumberGenerator.GetBytes(32);
        var back = await keys.UnwrapAsync(await keys.WrapAsync(key, cancellationToken), cancellationToken);
        if (!key.AsSpan().SequenceEqual(back))
            throw new KeyUnavailableException("A key came back changed.");
        _keyWorkedAt = time.GetUtcNow();
    }

    [LoggerMessage(EventId = 430, Level = LogLevel.Error, Message = "The health check of the {Part} failed.")]
    private static partial void CheckFailed(ILogger logger, Exception exception, string part);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthResponse))]
internal sealed partial class HealthJson : JsonSerializerContext;
