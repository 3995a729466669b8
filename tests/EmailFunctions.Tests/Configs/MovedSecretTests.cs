using EmailFunctions.Configs;
using EmailFunctions.Keys;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Rotation;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Configs;

/// <summary>Whoever can write to the store, but has no key, moves what is encrypted to where its secret would be sent to them.</summary>
public sealed class MovedSecretTests : IAsyncDisposable
{
    private static readonly string[] Wrapping = ["key_id", "key_version", "wrapped_key"];

    private readonly RotationBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task To_another_tenant(bool withItsKey)
    {
        await _bench.ConfigureAsync("acme", "secret of acme");
        await _bench.ConfigureAsync("thief");

        await MoveAsync("acme", "secret_smtp_password", "thief", "secret_smtp_password", withItsKey);

        await AssertClosedAsync("thief");
        Assert.Equal("secret of acme", await _bench.PasswordAsync("acme"));
    }

    [Fact]
    public async Task The_whole_row_to_another_tenant()
    {
        await _bench.ConfigureAsync("acme", "secret of acme");
        var row = await ReadAsync("acme");
        await _bench.Table.WriteAsync([EntityWrite.Put(CopyOf(row, new EntityKey(row.Key.Partition, "thief")))], RotationBench.Cancellation);

        await AssertClosedAsync("thief");
    }

    [Fact]
    public async Task To_another_field()
    {
        await _bench.Client.ConfigureAsync("acme", """
            {"provider_type":"smtp","smtp_host":"mail.example.com","smtp_username":"u","smtp_password":"secret","from_email":"a@example.com","fallback":{"provider_type":"mailgun","api_key":"other"}}
            """);

        await MoveAsync("acme", "secret_fallback_api_key", "acme", "secret_smtp_password", withItsKey: true);

        await AssertClosedAsync("acme");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task To_another_configuration_of_the_same_tenant(bool withItsKey)
    {
        await _bench.ConfigureAsync("acme", "first");
        var first = await ReadAsync("acme");
        using (await _bench.Client.DeleteAsync(new Uri("/api/v1/email/configs/acme", UriKind.Relative), RotationBench.Cancellation))
            await _bench.ConfigureAsync("acme", "second");

        await MoveAsync(first, "secret_smtp_password", "acme", "secret_smtp_password", withItsKey);

        await AssertClosedAsync("acme");
    }

    private async Task AssertClosedAsync(string tenant)
    {
        await _bench.Get<ConfigCache>().InvalidateAsync(RotationBench.TenantOf(tenant), RotationBench.Cancellation);

        var failure = await Assert.ThrowsAsync<KeyUnavailableException>(() => _bench.PasswordAsync(tenant));

        Assert.Contains("was changed, or was encrypted for another owner or field", failure.Message, StringComparison.Ordinal);
    }

    private async Task MoveAsync(string from, string field, string to, string toField, bool withItsKey) =>
        await MoveAsync(await ReadAsync(from), field, to, toField, withItsKey);

    private async Task MoveAsync(Entity from, string field, string to, string toField, bool withItsKey)
    {
        var target = await ReadAsync(to);
        var next = CopyOf(target, target.Key);
        next[toField] = from.Properties[field];
        foreach (var name in withItsKey ? Wrapping : [])
            next[name] = from.Properties[name];
        await _bench.Table.WriteAsync([EntityWrite.Put(next)], RotationBench.Cancellation);
    }

    private async Task<Entity> ReadAsync(string tenant) => (await _bench.Table.GetAsync(new EntityKey("configs", tenant), RotationBench.Cancellation))!;

    private static Entity CopyOf(Entity row, EntityKey key)
    {
        var copy = new Entity(key);
        foreach (var (name, value) in row.Properties)
            copy[name] = value;
        return copy;
    }
}
