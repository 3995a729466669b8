using System.Net;
using System.Text.RegularExpressions;
using EmailFunctions.Access;
using EmailFunctions.ApiKeys;
using EmailFunctions.Keys;
using EmailFunctions.Keys.Local;
using EmailFunctions.Problems;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Access;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.ApiKeys;

/// <summary>Keys over one store, as two instances see them.</summary>
public sealed partial class ApiKeyTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 25, 12, 30, 0, TimeSpan.Zero));
    private readonly TempDatabase _database = new();
    private readonly LocalKeyWrapper _wrapper = new(new byte[LocalKeyWrapper.KeyBytes]);
    private readonly FaultyTable _table;
    private readonly Instance _here;
    private readonly Instance _elsewhere;

    public ApiKeyTests()
    {
        _table = new FaultyTable(new SqliteEntityTable(_database.Database));
        (_here, _elsewhere) = (new Instance(_table, _wrapper, _time), new Instance(_table, _wrapper, _time));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _here.Dispose();
        _elsewhere.Dispose();
        _wrapper.Dispose();
        _database.Dispose();
    }

    [Fact]
    public async Task A_key_lets_in_at_every_instance_whom_it_was_made_for()
    {
        var (key, text) = await CreateAsync("acme", Scopes.Send | Scopes.Read);

        foreach (var instance in new[] { _here, _elsewhere })
        {
            var caller = await instance.Verifier.FindAsync(text, Cancellation);
            Assert.Equal((TenantOf("acme"), false, Scopes.Send | Scopes.Read, "key:" + key.Id), (caller!.Tenant, caller.IsAdmin, caller.Scopes, caller.Name));
        }

        var (_, admins) = await CreateAsync(null, Scopes.Admin);
        Assert.Equal(new Caller(null, IsAdmin: true) { Scopes = Scopes.Admin, Name = "key:" + admins[4..28] }, await _elsewhere.Verifier.FindAsync(admins, Cancellation));
    }

    [Fact]
    public async Task A_revoked_key_is_good_nowhere_within_ten_seconds()
    {
        var (key, text) = await CreateAsync("acme", Scopes.Usual);
        // Read as late as it can be before.
        Assert.NotNull(await _here.Verifier.FindAsync(text, Cancellation));
        Assert.NotNull(await _elsewhere.Verifier.FindAsync(text, Cancellation));

        await _here.Keys.RevokeAsync(TenantOf("acme"), key.Id, Cancellation);

        Assert.Null(await _here.Verifier.FindAsync(text, Cancellation));
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Null(await _elsewhere.Verifier.FindAsync(text, Cancellation));
    }

    [Fact]
    public async Task A_key_that_is_made_again_after_it_was_looked_for_in_vain_is_found_in_time()
    {
        var unknown = ApiKeyToken.New(ApiKeyToken.NewId(TenantOf("acme")));
        Assert.Null(await _here.Verifier.FindAsync(unknown, Cancellation));
        var (key, text) = await CreateAsync("acme", Scopes.Usual);

        Assert.NotEqual(unknown[4..28], key.Id);
        Assert.NotNull(await _here.Verifier.FindAsync(text, Cancellation));
    }

    [Fact]
    public async Task A_key_ends_on_time_also_where_it_is_kept_in_memory()
    {
        var (_, text) = await CreateAsync("acme", Scopes.Usual, _time.GetUtcNow() + TimeSpan.FromSeconds(2));
        Assert.NotNull(await _here.Verifier.FindAsync(text, Cancellation));

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Null(await _here.Verifier.FindAsync(text, Cancellation));
    }

    [Fact]
    public async Task Without_being_told_a_key_ends_after_a_year()
    {
        var (key, _) = await CreateAsync("acme", Scopes.Usual);

        Assert.Equal(_time.GetUtcNow().AddDays(365), key.ExpiresAt);
    }

    [Fact]
    public async Task A_busy_key_costs_a_read_in_five_seconds_and_a_write_an_hour()
    {
        var (_, text) = await CreateAsync("acme", Scopes.Usual);
        _table.ResetCounts();

        for (var second = 0; second < 60; second++)
        {
            for (var request = 0; request < 20; request++)
                Assert.NotNull(await _elsewhere.Verifier.FindAsync(text, Cancellation));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        // One read more is that of the key of the hashes, and one after the write.
        Assert.InRange(_table.Reads, 12, 14);
        // One write more enters that key where it is found by whoever re-wraps keys, once per process.
        Assert.Equal(2, _table.Writes);
        _time.Advance(TimeSpan.FromMinutes(30));
        Assert.NotNull(await _elsewhere.Verifier.FindAsync(text, Cancellation));
        Assert.Equal(3, _table.Writes);
    }

    [Fact]
    public async Task Last_use_is_kept_to_the_hour_and_lets_in_also_where_it_cant_be_kept()
    {
        var (key, text) = await CreateAsync("acme", Scopes.Usual);
        _table.OnWrite = static _ => TableFault.Before;
        Assert.NotNull(await _here.Verifier.FindAsync(text, Cancellation));
        Assert.Null(Assert.Single(await _here.Keys.ListAsync(key.Tenant, Cancellation)).LastUsedAt);

        _table.OnWrite = static _ => TableFault.None;
        Assert.NotNull(await _here.Verifier.FindAsync(text, Cancellation));

        Assert.Equal(new DateTimeOffset(2026, 11, 25, 12, 0, 0, TimeSpan.Zero), Assert.Single(await _here.Keys.ListAsync(key.Tenant, Cancellation)).LastUsedAt);
    }

    [Fact]
    public async Task A_use_does_not_bring_a_revoked_key_back()
    {
        var (key, text) = await CreateAsync("acme", Scopes.Usual);
        var once = true;
        // Between the read of the key and the note of its use.
        _table.AfterRead = async () =>
        {
            if (once)
            {
                once = false;
                await _elsewhere.Keys.RevokeAsync(key.Tenant, key.Id, Cancellation);
            }
        };

        Assert.NotNull(await _here.Verifier.FindAsync(text, Cancellation));

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(await _here.Verifier.FindAsync(text, Cancellation));
        Assert.Empty(await _here.Keys.ListAsync(key.Tenant, Cancellation));
    }

    [Fact]
    public async Task Of_its_text_the_store_holds_nothing()
    {
        var (key, text) = await CreateAsync("acme", Scopes.Usual);
        var secret = text[29..];

        var entity = await _table.GetAsync(new EntityKey("api-keys", key.Id), Cancellation);

        Assert.Equal(32, entity!.GetBytes("hash")!.Length);
        Assert.DoesNotContain(entity.Properties.Values, value => $"{value}".Contains(secret[..8], StringComparison.Ordinal));
        // A hash that somebody wrote without the key of the hashes lets nobody in.
        var forged = key with { Hash = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)) };
        await _here.Store.DeleteAsync(key.Id, Cancellation);
        await _here.Store.InsertAsync(forged, Cancellation);
        Assert.Null(await _here.Verifier.FindAsync(text, Cancellation));
    }

    [Fact]
    public async Task Whoever_writes_to_the_store_makes_no_more_of_a_key()
    {
        var (key, text) = await CreateAsync("acme", Scopes.Send);

        foreach (var more in new[] { key with { Tenant = null }, key with { Tenant = TenantOf("other") }, key with { Scopes = Scopes.All }, key with { ExpiresAt = key.ExpiresAt.AddYears(1) } })
        {
            await _here.Store.DeleteAsync(key.Id, Cancellation);
            await _here.Store.InsertAsync(more, Cancellation);
            _time.Advance(TimeSpan.FromSeconds(6));
            Assert.Null(await _here.Verifier.FindAsync(text, Cancellation));
        }

        await _here.Store.DeleteAsync(key.Id, Cancellation);
        await _here.Store.InsertAsync(key, Cancellation);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.NotNull(await _here.Verifier.FindAsync(text, Cancellation));
    }

    [Fact]
    public async Task Garbage_costs_no_read()
    {
        var (_, text) = await CreateAsync("acme", Scopes.Usual);
        _table.ResetCounts();
        var random = new Random(Proof.Seed);

        for (var index = 0; index < 2_000; index++)
        {
            var garbage = text.ToCharArray();
            garbage[random.Next(garbage.Length)] = (char)random.Next(' ', 0x250);
            var changed = new string(garbage);
            Assert.Equal(changed == text, ApiKeyToken.TryReadId(changed, out _));
        }

        foreach (var other in new[] { "", "emf_", text[..^1], text + "0", text.ToUpperInvariant(), text.Replace('_', '-') })
            Assert.Null(await _here.Verifier.FindAsync(other, Cancellation));
        Assert.Equal(0, _table.Transactions);
    }

    [Fact]
    public void A_key_has_the_form_that_scanners_are_told()
    {
        for (var index = 0; index < 100; index++)
        {
            var text = ApiKeyToken.New(ApiKeyToken.NewId(TenantOf("acme")));
            Assert.Matches(Form(), text);
            Assert.True(ApiKeyToken.TryReadId(text, out var id));
            Assert.Equal(text[4..28], id);
        }

        // By hand: crc32 of "emf_000000000000000000000000_" and 43 zeros.
        Assert.True(ApiKeyToken.TryReadId("emf_000000000000000000000000_" + new string('0', 43) + ChecksumOfZeros, out _));
    }

    [Fact]
    public async Task Keys_of_a_tenant_are_seen_and_revoked_as_its_own_alone()
    {
        var (acmes, _) = await CreateAsync("acme", Scopes.Usual);
        var (others, text) = await CreateAsync("other", Scopes.Usual);
        var (admins, _) = await CreateAsync(null, Scopes.Admin);

        Assert.Equal(acmes.Id, Assert.Single(await _here.Keys.ListAsync(TenantOf("acme"), Cancellation)).Id);
        Assert.Equal(admins.Id, Assert.Single(await _here.Keys.ListAsync(null, Cancellation)).Id);
        foreach (var (tenant, id) in new[] { ("acme", others.Id), ("acme", admins.Id), (null, others.Id), ("acme", "nonsense") })
            Assert.Equal(404, (await Assert.ThrowsAsync<ProblemException>(() => _here.Keys.RevokeAsync(tenant is null ? null : TenantOf(tenant), id, Cancellation))).Problem.Status);
        Assert.NotNull(await _here.Verifier.FindAsync(text, Cancellation));
    }

    [Fact]
    public async Task Two_tenants_whose_ids_begin_alike_do_not_see_each_others_keys()
    {
        var (key, _) = await CreateAsync("acme", Scopes.Usual);
        await _here.Store.InsertAsync(key with { Id = key.Id[..8] + "0000000000000000", Tenant = TenantOf("twin") }, Cancellation);

        Assert.Equal(key.Id, Assert.Single(await _here.Keys.ListAsync(TenantOf("acme"), Cancellation)).Id);
    }

    [Fact]
    public async Task There_are_at_most_a_hundred_and_those_that_are_over_make_room()
    {
        for (var index = 0; index < ApiKeyService.MaxKeys; index++)
            await CreateAsync("acme", Scopes.Usual, _time.GetUtcNow() + TimeSpan.FromDays(index < 3 ? 1 : 300));
        Assert.Equal(409, (await Assert.ThrowsAsync<ProblemException>(() => CreateAsync("acme", Scopes.Usual))).Problem.Status);
        await CreateAsync("other", Scopes.Usual);

        _time.Advance(TimeSpan.FromDays(2));
        await CreateAsync("acme", Scopes.Usual);

        Assert.Equal(ApiKeyService.MaxKeys - 2, (await _here.Keys.ListAsync(TenantOf("acme"), Cancellation)).Count);
    }

    [Theory]
    [InlineData("""{"scopes":["send"]}""", "name")]
    [InlineData("""{"name":" ","scopes":["send"]}""", "name")]
    [InlineData("""{"name":"a\nb","scopes":["send"]}""", "name")]
    [InlineData("""{"name":"a"}""", "scopes")]
    [InlineData("""{"name":"a","scopes":[]}""", "scopes")]
    [InlineData("""{"name":"a","scopes":["send","everything"]}""", "scopes")]
    [InlineData("""{"name":"a","scopes":["Send"]}""", "scopes")]
    [InlineData("""{"name":"a","scopes":[null]}""", "scopes")]
    [InlineData("""{"name":"a","scopes":["send"],"expires_at":"2020-01-01T00:00:00Z"}""", "expires_at")]
    [InlineData("""{"name":"a","scopes":["send"],"expires_at":"2099-01-01T00:00:00Z"}""", "expires_at")]
    [InlineData("""{"name":"a","scopes":["send"],"tenant_id":"other"}""", "tenant_id")]
    public async Task What_is_wrong_with_a_request_for_a_key_is_named(string json, string field)
    {
        await using var bench = await AccessBench.StartAsync();

        foreach (var path in new[] { "/api/v1/admin/email/api-keys", "/api/v1/email/configs/acme/api-keys" })
        {
            var answer = await bench.CallAsync(bench.AdminToken(), HttpMethod.Post, path, json);
            Assert.True(answer.Status == HttpStatusCode.BadRequest, answer.Body);
            Assert.Equal(field, Assert.Single(answer.Json["errors"]!.AsObject()).Key);
        }
    }

    [Fact]
    public async Task A_tenants_own_administrator_makes_keys_of_it_and_of_nobody_else()
    {
        await using var bench = await AccessBench.StartAsync();
        var made = await bench.CallAsync(bench.AdminToken(), HttpMethod.Post, "/api/v1/email/configs/acme/api-keys", """{"name":"administrator","scopes":["admin"]}""");
        var administrator = made.Json["key"]!.GetValue<string>();

        var sender = await bench.CallAsync(administrator, HttpMethod.Post, "/api/v1/email/configs/acme/api-keys", """{"name":"app","scopes":["send"]}""");

        Assert.Equal(HttpStatusCode.Created, sender.Status);
        Assert.Equal(HttpStatusCode.Accepted, (await bench.SendAsync(sender.Json["key"]!.GetValue<string>(), tenant: null)).Status);
        Assert.Equal("key:" + made.Json["id"]!.GetValue<string>(), sender.Json["created_by"]!.GetValue<string>());
        Assert.Contains("Cache-Control: no-store", sender.Headers, StringComparison.Ordinal);
        var list = (await bench.GetAsync(administrator, "/api/v1/email/configs/acme/api-keys")).Json["api_keys"]!.AsArray();
        Assert.Equal(["administrator", "app"], list.Select(static key => key!["name"]!.GetValue<string>()).Order());
        Assert.All(list, static key => Assert.Null(key!["key"]));
        Assert.Equal(HttpStatusCode.Forbidden, (await bench.CallAsync(administrator, HttpMethod.Post, "/api/v1/email/configs/other/api-keys", """{"name":"app","scopes":["send"]}""")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await bench.CallAsync(administrator, HttpMethod.Post, "/api/v1/admin/email/api-keys", """{"name":"app","scopes":["send"]}""")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await bench.CallAsync(administrator, HttpMethod.Delete, $"/api/v1/email/configs/acme/api-keys/{sender.Json["id"]}")).Status);
        (await bench.SendAsync(sender.Json["key"]!.GetValue<string>(), tenant: null)).AssertUnauthenticated();
    }

    [Fact]
    public async Task The_command_makes_a_key_that_the_service_takes_then_though_nobody_else_is_let_in()
    {
        using var folder = new TempFolder();
        var settings = new Dictionary<string, string> { ["EMAIL_AUTH"] = "required", ["EMAIL_DATA_DIR"] = folder.FullPath };

        var made = await ServiceProcess.RunAsync(folder.FullPath, settings, "create-admin-key", "mine");

        Assert.True(made.ExitCode == 0, made.Errors);
        var key = made.Output.Trim();
        Assert.Matches(Form(), key);
        Assert.DoesNotContain(key[29..], made.Errors, StringComparison.Ordinal);
        using var service = await ServiceProcess.StartAsync(folder.FullPath, settings);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/admin/email/api-keys") { Headers = { { "Authorization", "Bearer " + key } } };
        using var answer = await service.Client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("\"name\":\"mine\"", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        using var asked = new HttpRequestMessage(HttpMethod.Get, "/api/v1/admin/email/activity") { Headers = { { "Authorization", "Bearer " + key } } };
        using var activity = await service.Client.SendAsync(asked, Cancellation);
        Assert.Contains($"\"actor\":\"command\",\"action\":\"api_key_create\",\"tenant_id\":null,\"target\":\"{key[4..28]}\",\"outcome\":\"done\"", await activity.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        using var refused = await service.Client.GetAsync(new Uri("/api/v1/admin/email/api-keys", UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        // The folder has an owner now.
        var second = await ServiceProcess.RunAsync(folder.FullPath, settings, "create-admin-key");
        Assert.NotEqual(0, second.ExitCode);
        Assert.DoesNotContain("   at ", second.Errors, StringComparison.Ordinal);
    }

    private const string ChecksumOfZeros = "4RCqDX";

    [GeneratedRegex("^emf_[0-9a-f]{24}_[0-9A-Za-z]{49}$")]
    private static partial Regex Form();

    private static TenantId TenantOf(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    private Task<(ApiKey Key, string Text)> CreateAsync(string? tenant, Scopes scopes, DateTimeOffset? end = null) => _here.Keys.CreateAsync(
        tenant is null ? null : TenantOf(tenant), new ApiKeyRequest { Name = "test", Scopes = ScopeNames.Of(scopes), ExpiresAt = end }, "test", Cancellation);

    private sealed class Instance : IDisposable
    {
        private readonly DataKeyCache _dataKeys;
        private readonly StoredKeys _stored;

        public Instance(IEntityTable table, IKeyWrapper wrapper, TimeProvider time)
        {
            _dataKeys = new DataKeyCache(wrapper, time);
            _stored = new StoredKeys(table, _dataKeys, time);
            Store = new ApiKeyStore(table);
            var hasher = new ApiKeyHasher(_stored);
            Verifier = new ApiKeyVerifier(Store, hasher, time, NullLogger<ApiKeyVerifier>.Instance);
            Keys = new ApiKeyService(Store, hasher, Verifier, new TenantStates(table, time), time);
        }

        public ApiKeyStore Store { get; }

        public ApiKeyVerifier Verifier { get; }

        public ApiKeyService Keys { get; }

        public void Dispose()
        {
            Verifier.Dispose();
            _stored.Dispose();
            _dataKeys.Dispose();
        }
    }
}
