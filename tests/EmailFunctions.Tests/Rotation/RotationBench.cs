using System.Security.Cryptography;
using System.Text.Json.Nodes;
using EmailFunctions.Configs;
using EmailFunctions.Keys;
using EmailFunctions.Keys.Local;
using EmailFunctions.Rotation;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Rotation;

/// <summary>The service on a fake clock, whose key-encryption key can be exchanged while it runs, and whose sweeps a test runs by hand.</summary>
internal sealed class RotationBench : IAsyncDisposable
{
    private readonly List<LocalKeyWrapper> _locals = [];
    private readonly ServiceHost _host;

    /// <param name="keys">Wraps at first; null: a local key.</param>
    /// <param name="clock">The clock.</param>
    public RotationBench(IKeyWrapper? keys = null, FakeTimeProvider? clock = null)
    {
        Clock = clock ?? new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        Ring = new KeyRing(keys ?? Open(NewKey()));
        _host = ServiceHost.Start(services: services =>
        {
            services.RemoveAll<IHostedService>();
            services.Replace(ServiceDescriptor.Singleton<TimeProvider>(Clock));
            services.Replace(ServiceDescriptor.Singleton<IEntityTable>(static provider => new FaultyTable(new SqliteEntityTable(provider.GetRequiredService<SqliteDatabase>()))));
            services.RemoveAllKeyed<IKeyWrapper>(RegisteredKeyWrapper.Trial);
            services.AddKeyedSingleton<IKeyWrapper>(RegisteredKeyWrapper.Trial, Ring);
        });
        Table = (FaultyTable)Get<IEntityTable>();
    }

    public FakeTimeProvider Clock { get; }

    public KeyRing Ring { get; }

    public FaultyTable Table { get; }

    public HttpClient Client => _host.Client;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static byte[] NewKey() => RandomNumberGenerator.GetBytes(LocalKeyWrapper.KeyBytes);

    public static TenantId TenantOf(string name)
    {
        Assert.True(TenantId.TryParse(name, out var tenant));
        return tenant;
    }

    public T Get<T>() where T : notnull => _host.Services.GetRequiredService<T>();

    public LocalKeyWrapper Open(byte[] key, params byte[][] previous)
    {
        var wrapper = new LocalKeyWrapper(key, previous);
        _locals.Add(wrapper);
        return wrapper;
    }

    public Task ConfigureAsync(string tenant, string password = "secret") => Client.ConfigureAsync(tenant, $$"""
        {"provider_type":"smtp","smtp_host":"mail.example.com","smtp_username":"u","smtp_password":"{{password}}","from_email":"a@example.com"}
        """);

    public Task<JsonObject> GetAsync(string path) => _host.GetAsync(path);

    /// <summary>What /health says of the key; null: it is well.</summary>
    public async Task<string?> HealthAsync()
    {
        using var answer = await Client.GetAsync(new Uri("/health", UriKind.Relative), Cancellation);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!;
        return body["checks"]!.AsArray().Single(static check => check!["name"]!.GetValue<string>() == "key")!["error"]?.GetValue<string>();
    }

    /// <summary>The tenant's password, as the provider would get it, by way of the caches.</summary>
    public async Task<string?> PasswordAsync(string tenant) =>
        (await Get<ProviderResolver>().GetAccountsAsync(TenantOf(tenant), Cancellation))[0].Secrets.SmtpPassword;

    public Task<string> HashAsync(string tenant) => Get<RecipientHasher>().HashAsync(TenantOf(tenant), "you@example.com", Cancellation);

    public async Task<RotationProgress> StartAsync() => (await Get<KeyRotations>().StartAsync(Cancellation)).ToProgress(Clock.GetUtcNow());

    public async Task<RotationProgress> ReadAsync() => (await Get<KeyRotations>().ReadAsync(Cancellation))!.ToProgress(Clock.GetUtcNow());

    /// <summary>Lets a run of the sweep have as much time as it wants.</summary>
    public async Task SweepAsync()
    {
        var run = Get<RotationSweep>().RunAsync(Cancellation);
        while (!run.IsCompleted)
        {
            Clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(1, Cancellation);
        }

        await run;
    }

    /// <summary>Runs the sweep again and again until the rotation is over.</summary>
    public async Task<RotationProgress> FinishAsync()
    {
        for (var runs = 0; (await ReadAsync()).FinishedAt is null; runs++)
        {
            Assert.True(runs < 1_000, $"{await ReadAsync()}");
            await SweepAsync();
            Clock.Advance(TimeSpan.FromSeconds(5));
        }

        return await ReadAsync();
    }

    /// <summary>Past the time of all that is cached.</summary>
    public void ForgetCaches() => Clock.Advance(DataKeyCache.Lifetime + TimeSpan.FromMinutes(1));

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _locals.ForEach(static wrapper => wrapper.Dispose());
    }
}

/// <summary>Passes on to a wrapper that can be exchanged.</summary>
internal sealed class KeyRing(IKeyWrapper first) : IKeyWrapper
{
    public IKeyWrapper Now { get; set; } = first;

    public Task<WrappedKey> WrapAsync(ReadOnlyMemory<byte> dataKey, CancellationToken cancellationToken) => Now.WrapAsync(dataKey, cancellationToken);

    public Task<byte[]> UnwrapAsync(WrappedKey wrapped, CancellationToken cancellationToken) => Now.UnwrapAsync(wrapped, cancellationToken);

    public Task<NewestKey> ReadNewestAsync(CancellationToken cancellationToken) => Now.ReadNewestAsync(cancellationToken);
}
