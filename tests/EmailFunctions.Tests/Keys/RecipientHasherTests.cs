using System.Security.Cryptography;
using System.Text;
using EmailFunctions.Keys;
using EmailFunctions.Keys.Local;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Keys;

public sealed class RecipientHasherTests : IDisposable
{
    private const string Address = "Jo.Doe@example.com";

    private readonly FakeTimeProvider _time = new();
    private readonly TempDatabase _database = new();
    private readonly SqliteEntityTable _table;
    private readonly LocalKeyWrapper _wrapper = new(new byte[LocalKeyWrapper.KeyBytes]);
    private readonly List<IDisposable> _parts = [];
    private readonly RecipientHasher _hasher;

    public RecipientHasherTests()
    {
        _table = new SqliteEntityTable(_database.Database);
        _hasher = NewHasher(_table);
    }

    [Theory]
    [InlineData("k1.a", "k1.b", true)]
    [InlineData("k1.a", "k1.a", false)]
    [InlineData("k1.a", "k2.b", false)]
    // Stored before hashes had a key's name.
    [InlineData("a", "k1.a", false)]
    [InlineData("a", "k1.b", true)]
    [InlineData("a", "b", true)]
    public void Contents_are_known_to_differ_only_where_their_hashes_can_be_compared(string stored, string fresh, bool differ) =>
        Assert.Equal(differ, RecipientHasher.AreOfDifferentContents(stored, fresh));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static TenantId Acme => TenantOf("acme");

    public void Dispose()
    {
        foreach (var part in _parts)
            part.Dispose();
        _wrapper.Dispose();
        _database.Dispose();
    }

    [Fact]
    public async Task An_address_has_one_hash_within_a_tenant()
    {
        var hash = await HashAsync(_hasher, Acme);

        Assert.Matches("^[0-9a-f]{64}$", hash);
        Assert.Equal(hash, await HashAsync(_hasher, Acme));
        Assert.NotEqual(hash, await HashAsync(_hasher, Acme, "other@example.com"));
    }

    [Fact]
    public async Task An_address_has_another_hash_in_another_tenant()
    {
        string[] hashes =
        [
            await HashAsync(_hasher, Acme), await HashAsync(_hasher, TenantOf("ACME")), await HashAsync(_hasher, TenantOf("other")),
            await HashAsync(_hasher, TenantId.System),
        ];

        Assert.Equal(hashes.Length, hashes.Distinct().Count());
    }

    [Fact]
    public async Task The_case_of_an_address_does_not_count()
    {
        Assert.Equal(await HashAsync(_hasher, Acme, "jo.doe@example.com"), await HashAsync(_hasher, Acme, "JO.DOE@EXAMPLE.COM"));
        Assert.Equal(await HashAsync(_hasher, Acme, "grün@example.com"), await HashAsync(_hasher, Acme, "GRÜN@example.com"));
    }

    [Fact]
    public async Task A_hash_is_no_plain_hash_that_could_be_guessed()
    {
        var plain = SHA256.HashData(Encoding.UTF8.GetBytes(Address.ToLowerInvariant()));

        Assert.NotEqual(Convert.ToHexStringLower(plain), await HashAsync(_hasher, Acme));
    }

    [Fact]
    public async Task A_tenants_hash_function_hashes_many_addresses_alike()
    {
        var hash = await _hasher.ForTenantAsync(Acme, Cancellation);

        Assert.Equal(await HashAsync(_hasher, Acme), hash(Address));
    }

    [Fact]
    public async Task Another_instance_on_the_same_store_has_the_same_hashes() =>
        Assert.Equal(await HashAsync(_hasher, Acme), await HashAsync(NewHasher(_table), Acme));

    [Fact]
    public async Task Hashers_that_race_for_a_tenants_first_key_agree_on_one()
    {
        const int Hashers = 6;
        var gate = new GatedTable(_table, Hashers);

        var hashes = await Task.WhenAll(Enumerable.Range(0, Hashers).Select(_ => HashAsync(NewHasher(gate), Acme)));

        Assert.Single(hashes.Distinct());
        Assert.Equal(hashes[0], await HashAsync(NewHasher(_table), Acme));
    }

    [Fact]
    public async Task Without_its_key_a_tenants_hashes_are_gone()
    {
        var hash = await HashAsync(_hasher, Acme);
        var page = await _table.QueryAsync(EntityQuery.Prefix(Acme.Partition, ""), Cancellation);
        var row = Assert.Single(page.Entities);
        await _table.WriteAsync([EntityWrite.Delete(row.Key, row.ETag)], Cancellation);
        _time.Advance(DataKeyCache.Lifetime);

        Assert.NotEqual(hash, await HashAsync(_hasher, Acme));
    }

    [Fact]
    public async Task The_store_holds_neither_the_key_nor_the_address()
    {
        await HashAsync(_hasher, Acme);

        var row = Assert.Single((await _table.QueryAsync(EntityQuery.Prefix(Acme.Partition, ""), Cancellation)).Entities);

        Assert.Equal(["key_id", "key_version", "wrapped_key"], row.Properties.Keys.Order());
        var wrapped = row.GetBytes("wrapped_key")!;
        var key = await _wrapper.UnwrapAsync(
            new WrappedKey(row.GetString("key_id")!, (int)row.GetInt64("key_version")!, wrapped), Cancellation);
        Assert.Equal(-1, wrapped.AsSpan().IndexOf(key.AsSpan(0, 8)));
    }

    [Fact]
    public async Task A_key_that_can_not_be_unwrapped_is_not_replaced_by_another()
    {
        await HashAsync(_hasher, Acme);
        using var wrong = new LocalKeyWrapper([.. Enumerable.Repeat((byte)1, LocalKeyWrapper.KeyBytes)]);

        await Assert.ThrowsAsync<KeyUnavailableException>(() => HashAsync(NewHasher(_table, wrong), Acme));
    }

    private static TenantId TenantOf(string name)
    {
        Assert.True(TenantId.TryParse(name, out var tenant));
        return tenant;
    }

    private static Task<string> HashAsync(RecipientHasher hasher, TenantId tenant, string address = Address) =>
        hasher.HashAsync(tenant, address, Cancellation);

    private RecipientHasher NewHasher(IEntityTable table, IKeyWrapper? wrapper = null)
    {
        var keys = new DataKeyCache(wrapper ?? _wrapper, _time);
        var stored = new StoredKeys(table, keys, _time);
        _parts.AddRange([stored, keys]);
        return new RecipientHasher(stored);
    }

    /// <summary>Answers the first reads only when all of them have been made, so that each of the readers finds nothing.</summary>
    private sealed class GatedTable(IEntityTable inner, int readers) : IEntityTable
    {
        private readonly TaskCompletionSource _allHaveRead = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _reads;

        public async Task<Entity?> GetAsync(EntityKey key, CancellationToken cancellationToken)
        {
            var entity = await inner.GetAsync(key, cancellationToken);
            if (Interlocked.Increment(ref _reads) == readers)
                _allHaveRead.SetResult();
            await _allHaveRead.Task;
            return entity;
        }

        public Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken) =>
            inner.WriteAsync(writes, cancellationToken);

        public Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken) => inner.QueryAsync(query, cancellationToken);
    }
}
