using EmailFunctions.Keys;
using EmailFunctions.Keys.Local;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Keys;

public sealed class ContentKeysTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly TempDatabase _database = new();
    private readonly FaultyTable _table;
    private readonly LocalKeyWrapper _wrapper = new(new byte[LocalKeyWrapper.KeyBytes]);
    private readonly List<IDisposable> _parts = [];
    private readonly ContentKeys _keys;

    public ContentKeysTests()
    {
        _table = new FaultyTable(new SqliteEntityTable(_database.Database));
        _keys = NewKeys();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (var part in _parts)
            part.Dispose();
        _wrapper.Dispose();
        _database.Dispose();
    }

    [Fact]
    public async Task Each_tenant_has_a_key_which_all_instances_share()
    {
        var (key, name) = await _keys.ForWritingAsync(TenantOf("acme"), Cancellation);
        var (other, otherName) = await _keys.ForWritingAsync(TenantOf("bravo"), Cancellation);

        Assert.Equal(32, key.Length);
        Assert.NotEqual(key, other);
        Assert.NotEqual(name, otherName);
        Assert.Equal(key, await NewKeys().ForReadingAsync(TenantOf("acme"), name, Cancellation));
        Assert.Null(await NewKeys().ForReadingAsync(TenantOf("bravo"), name, Cancellation));
    }

    [Fact]
    public async Task It_is_another_than_that_of_the_hashes()
    {
        var (key, _) = await _keys.ForWritingAsync(TenantOf("acme"), Cancellation);
        var hasher = new RecipientHasher(NewStored());
        await hasher.HashAsync(TenantOf("acme"), "a@example.com", Cancellation);
        await hasher.DropAsync(TenantOf("acme"), Cancellation);

        Assert.Equal(key, (await NewKeys().ForWritingAsync(TenantOf("acme"), Cancellation)).Key);
    }

    [Fact]
    public async Task Once_it_is_known_it_costs_no_read()
    {
        var (_, name) = await _keys.ForWritingAsync(TenantOf("acme"), Cancellation);
        _table.ResetCounts();

        await _keys.ForWritingAsync(TenantOf("acme"), Cancellation);
        await _keys.ForReadingAsync(TenantOf("acme"), name, Cancellation);

        Assert.Equal(0, _table.Transactions);
    }

    [Fact]
    public async Task What_was_dropped_is_gone_and_another_instance_finds_the_key_that_came_after_it_at_once()
    {
        var elsewhere = NewKeys();
        var (_, old) = await _keys.ForWritingAsync(TenantOf("acme"), Cancellation);
        Assert.NotNull(await elsewhere.ForReadingAsync(TenantOf("acme"), old, Cancellation));

        await _keys.DropAsync(TenantOf("acme"), Cancellation);
        var (key, name) = await _keys.ForWritingAsync(TenantOf("acme"), Cancellation);

        Assert.NotEqual(old, name);
        Assert.Equal(key, await elsewhere.ForReadingAsync(TenantOf("acme"), name, Cancellation));
        Assert.Null(await elsewhere.ForReadingAsync(TenantOf("acme"), old, Cancellation));
        Assert.Null(await _keys.ForReadingAsync(TenantOf("acme"), old, Cancellation));
    }

    private static TenantId TenantOf(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    private ContentKeys NewKeys() => new(NewStored());

    private StoredKeys NewStored()
    {
        var keys = new DataKeyCache(_wrapper, _time);
        var stored = new StoredKeys(_table, keys, _time);
        _parts.AddRange([stored, keys]);
        return stored;
    }
}
