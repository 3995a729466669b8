using System.Security.Cryptography;
using EmailFunctions.Keys;
using EmailFunctions.Keys.Local;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Keys;

public sealed class KeyRegisterTests : IDisposable
{
    private readonly byte[] _first = RandomNumberGenerator.GetBytes(LocalKeyWrapper.KeyBytes);
    private readonly byte[] _second = RandomNumberGenerator.GetBytes(LocalKeyWrapper.KeyBytes);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly TempDatabase _database = new();
    private readonly List<LocalKeyWrapper> _wrappers = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _wrappers.ForEach(static wrapper => wrapper.Dispose());
        _database.Dispose();
    }

    [Fact]
    public async Task A_key_keeps_its_number_whatever_is_given_beside_it()
    {
        Assert.Equal(1, await VersionAsync(_first));
        Assert.Equal(2, await VersionAsync(_second, _first));
        Assert.Equal(2, await VersionAsync(_second));
        Assert.Equal(1, await VersionAsync(_first, _second));
        Assert.Equal(3, await VersionAsync(RandomNumberGenerator.GetBytes(LocalKeyWrapper.KeyBytes), _first, _second));
    }

    [Fact]
    public async Task A_key_that_was_never_used_here_wraps_nothing_by_the_way_while_one_in_use_is_missed()
    {
        await VersionAsync(_first);

        var failure = await Assert.ThrowsAsync<KeyUnavailableException>(() => VersionAsync(_second));

        Assert.Equal(1, failure.LostVersion);
        await Register().TryAllAsync(Open(_first), Cancellation);
        // Whoever asks for the newest version, as a rotation does, says that it is the right one.
        Assert.Equal(2, (await new RegisteredKeyWrapper(Open(_second), Register()).ReadNewestAsync(Cancellation)).Version);
        Assert.Equal(2, await VersionAsync(_second));
    }

    [Fact]
    public async Task Processes_that_meet_a_new_key_at_once_give_it_one_number()
    {
        await VersionAsync(_first);

        var versions = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => VersionAsync(_second, _first), Cancellation)));

        Assert.All(versions, static version => Assert.Equal(2, version));
    }

    [Fact]
    public async Task A_version_under_which_there_is_data_is_missed_by_name_and_number()
    {
        await VersionAsync(_first);

        var failure = await Assert.ThrowsAsync<KeyUnavailableException>(() => Register().TryAllAsync(Open(_second), Cancellation));

        Assert.Equal((1, true), (failure.LostVersion, failure.IsLasting));
        Assert.Contains("Version 1 of the key-encryption key (local:", failure.Message, StringComparison.Ordinal);
        await Register().TryAllAsync(Open(_second, _first), Cancellation);
    }

    [Fact]
    public async Task A_retired_version_is_not_missed_until_it_is_taken_up_again()
    {
        await VersionAsync(_first);
        await VersionAsync(_second, _first);
        _time.Advance(TimeSpan.FromSeconds(1));
        var newest = await Open(_second).ReadNewestAsync(Cancellation);

        await Register().RetireOthersAsync(newest.KeyId, _time.GetUtcNow(), Cancellation);
        await Register().TryAllAsync(Open(_second), Cancellation);

        Assert.Equal(1, await VersionAsync(_first, _second));
        await Assert.ThrowsAsync<KeyUnavailableException>(() => Register().TryAllAsync(Open(_second), Cancellation));
    }

    [Fact]
    public async Task A_version_that_came_after_the_time_is_not_retired()
    {
        await VersionAsync(_first);
        var started = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromSeconds(1));
        await VersionAsync(_second, _first);

        await Register().RetireOthersAsync("another", started, Cancellation);

        Assert.Equal(2, (await Assert.ThrowsAsync<KeyUnavailableException>(() => Register().TryAllAsync(Open(_first), Cancellation))).LostVersion);
    }

    [Fact]
    public async Task The_store_does_not_show_what_versions_are_tried_with()
    {
        await VersionAsync(_first);
        var row = Assert.Single((await Table.QueryAsync(EntityQuery.Prefix("encryption-keys", ""), Cancellation)).Entities);
        var trial = await Open(_first).UnwrapAsync(WrappedKeyRow.Read(row)!, Cancellation);

        Assert.All(row.Properties.Values.OfType<byte[]>(), value => Assert.Equal(-1, value.AsSpan().IndexOf(trial.AsSpan(0, 8))));
    }

    private IEntityTable Table => new SqliteEntityTable(_database.Database);

    private KeyRegister Register() => new(Table, _time);

    private LocalKeyWrapper Open(byte[] key, params byte[][] previous)
    {
        var wrapper = new LocalKeyWrapper(key, previous);
        lock (_wrappers)
            _wrappers.Add(wrapper);
        return wrapper;
    }

    // As a process does that has just started.
    private async Task<int> VersionAsync(byte[] key, params byte[][] previous) =>
        (await new RegisteredKeyWrapper(Open(key, previous), Register()).WrapAsync(new byte[32], Cancellation)).Version;
}
