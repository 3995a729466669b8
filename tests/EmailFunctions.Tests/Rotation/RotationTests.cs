using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Configs;
using EmailFunctions.Keys;
using EmailFunctions.Rotation;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Keys;
using EmailFunctions.Tests.Support;
using static EmailFunctions.Tests.Rotation.RotationBench;

namespace EmailFunctions.Tests.Rotation;

public sealed class RotationTests : IAsyncDisposable
{
    private const string Rotate = "/api/v1/admin/email/encryption/rotate";
    private const string Progress = "/api/v1/admin/email/encryption/rotation";
    private const string Config = "/api/v1/email/configs/acme";

    private readonly byte[] _old = NewKey();
    private readonly byte[] _new = NewKey();
    private readonly RotationBench _bench = new();

    public RotationTests() => _bench.Ring.Now = _bench.Open([.. _old]);

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Afterwards_everything_opens_without_the_old_key()
    {
        await FillAsync(tenants: 60);
        var hash = await _bench.HashAsync("acme-1");
        UseNewKey();
        await _bench.StartAsync();

        var end = await _bench.FinishAsync();

        Assert.Equal(("completed", 2, 62, 62, 0, 0), (end.State, end.KeyVersion, end.Total, end.Done, end.Failed, end.Remaining));
        LoseOldKey();
        _bench.ForgetCaches();
        for (var number = 0; number < 60; number++)
            Assert.Equal($"secret {number}", await _bench.PasswordAsync($"acme-{number}"));
        Assert.Equal(hash, await _bench.HashAsync("acme-1"));
    }

    [Fact]
    public async Task The_POST_is_answered_at_once_and_says_where_the_progress_is()
    {
        await FillAsync(tenants: 3);
        using (var none = await _bench.Client.GetAsync(new Uri(Progress, UriKind.Relative), Cancellation))
            Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        UseNewKey();

        using var answer = await _bench.Client.PostAsync(new Uri(Rotate, UriKind.Relative), null, Cancellation);

        Assert.Equal((HttpStatusCode.Accepted, Progress), (answer.StatusCode, answer.Headers.Location!.OriginalString));
        Assert.Equal("counting", JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!["state"]!.GetValue<string>());
        await _bench.FinishAsync();
        var end = (await _bench.GetAsync(Progress)).ToJsonString();
        Assert.Contains("\"state\":\"completed\",\"key_version\":2,\"total\":5,\"done\":5,\"failed\":0,\"remaining\":0,", end, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_one_is_under_way_another_POST_joins_it()
    {
        await FillAsync(tenants: 1);
        UseNewKey();

        var first = await _bench.StartAsync();
        _bench.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(first.StartedAt, (await _bench.StartAsync()).StartedAt);
        await _bench.FinishAsync();
        Assert.NotEqual(first.StartedAt, (await _bench.StartAsync()).StartedAt);
    }

    [Fact]
    public async Task What_can_not_be_rewrapped_is_named_and_the_rest_is_done()
    {
        await _bench.ConfigureAsync("lost");
        await _bench.HashAsync("lost");
        var second = NewKey();
        _bench.Ring.Now = _bench.Open([.. second], [.. _old]);
        await _bench.ConfigureAsync("kept");
        _bench.Ring.Now = _bench.Open([.. _new], [.. second]);
        await _bench.StartAsync();

        var end = await _bench.FinishAsync();

        Assert.Equal(("incomplete", 3, 1, 2, 0), (end.State, end.Total, end.Done, end.Failed, end.Remaining));
        Assert.Equal([("configuration", "lost"), ("stored_key", "t-lost~hash-key")], end.Failures.Select(static failure => (failure.Kind, failure.Name)));
        Assert.All(end.Failures, static failure => Assert.Contains("EMAIL_ENCRYPTION_KEY_PREVIOUS", failure.Reason, StringComparison.Ordinal));
        Assert.Contains("Version 1 of the key", await _bench.HealthAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_ends_anywhere_is_gone_on_with_and_nothing_is_left_out()
    {
        await FillAsync(tenants: 30);
        UseNewKey();
        var failAt = 0;
        _bench.Table.OnWrite = number => number == failAt ? TableFault.After : TableFault.None;
        await _bench.StartAsync();

        var interrupted = 0;
        for (var runs = 0; (await _bench.ReadAsync()).FinishedAt is null; runs++)
        {
            Assert.True(runs < 1_000);
            failAt = _bench.Table.Writes + 7;
            try
            {
                await _bench.SweepAsync();
            }
            catch (StoreUnavailableException)
            {
                interrupted++;
            }

            _bench.Clock.Advance(TimeSpan.FromSeconds(5));
        }

        failAt = 0;
        Assert.True(interrupted >= 2, $"{interrupted}");
        var end = await _bench.ReadAsync();
        Assert.Equal(("completed", 32, 32), (end.State, end.Total, end.Done));
        LoseOldKey();
        _bench.ForgetCaches();
        for (var number = 0; number < 30; number++)
            Assert.Equal($"secret {number}", await _bench.PasswordAsync($"acme-{number}"));
    }

    [Fact]
    public async Task Two_that_go_on_with_it_at_once_count_each_key_once()
    {
        await FillAsync(tenants: 60);
        UseNewKey();
        await _bench.StartAsync();

        await Task.WhenAll(_bench.SweepAsync(), _bench.SweepAsync(), _bench.SweepAsync());
        var end = await _bench.FinishAsync();

        Assert.Equal(("completed", 62, 62), (end.State, end.Total, end.Done));
    }

    [Fact]
    public async Task A_configuration_that_is_changed_just_then_keeps_the_change()
    {
        await _bench.ConfigureAsync("acme", "one");
        UseNewKey();
        await _bench.StartAsync();
        var keys = new CountingKeyWrapper(_bench.Ring.Now);
        keys.BeforeUnwrap = async () =>
        {
            keys.BeforeUnwrap = null;
            await _bench.Client.MustAsync(HttpMethod.Put, Config, """{"smtp_password":"two","from_name":"Changed"}""");
        };
        _bench.Ring.Now = keys;

        var end = await _bench.FinishAsync();

        Assert.Null(keys.BeforeUnwrap);
        Assert.Equal(("completed", 0), (end.State, end.Failed));
        LoseOldKey();
        _bench.ForgetCaches();
        Assert.Equal("two", await _bench.PasswordAsync("acme"));
        Assert.Equal("Changed", (await _bench.GetAsync(Config))["from_name"]!.GetValue<string>());
    }

    [Fact]
    public async Task What_another_instance_wraps_under_the_old_version_meanwhile_is_found_by_the_check()
    {
        await FillAsync(tenants: 2);
        UseNewKey();
        _bench.Ring.Now = new CountingKeyWrapper(_bench.Ring.Now) { KnownWithin = TimeSpan.FromMinutes(1) };
        await _bench.StartAsync();
        await _bench.SweepAsync();
        Assert.Equal("waiting", (await _bench.ReadAsync()).State);
        var current = _bench.Ring.Now;
        _bench.Ring.Now = _bench.Open([.. _old]);
        await _bench.ConfigureAsync("late");
        _bench.Ring.Now = current;

        var end = await _bench.FinishAsync();

        Assert.Equal(("completed", 5, 5), (end.State, end.Total, end.Done));
        Assert.True(end.FinishedAt >= end.StartedAt + TimeSpan.FromMinutes(2), $"{end}");
        LoseOldKey();
        _bench.ForgetCaches();
        Assert.Equal("secret", await _bench.PasswordAsync("late"));
    }

    [Fact]
    public async Task A_version_that_comes_meanwhile_is_taken_instead()
    {
        await FillAsync(tenants: 40);
        UseNewKey();
        await _bench.StartAsync();
        await _bench.SweepAsync();
        var third = NewKey();
        await _bench.StartAsync();
        _bench.Ring.Now = _bench.Open([.. third], [.. _new], [.. _old]);

        var end = await _bench.FinishAsync();

        Assert.Equal(("completed", 3, 42), (end.State, end.KeyVersion, end.Done));
        _bench.Ring.Now = _bench.Open([.. third]);
        _bench.ForgetCaches();
        Assert.Equal("secret 7", await _bench.PasswordAsync("acme-7"));
    }

    [Fact]
    public async Task A_key_that_wraps_but_does_not_unwrap_is_given_nothing()
    {
        await _bench.ConfigureAsync("acme");
        UseNewKey();
        _bench.Ring.Now = new CountingKeyWrapper(_bench.Ring.Now) { BeforeUnwrap = static () => throw new KeyUnavailableException("It only wraps.") };

        using var answer = await _bench.Client.PostAsync(new Uri(Rotate, UriKind.Relative), null, Cancellation);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Null(await _bench.Get<KeyRotations>().ReadAsync(Cancellation));
    }

    [Fact]
    public async Task A_stored_key_of_a_kind_that_nobody_here_knows_takes_part()
    {
        var place = new EntityKey(TenantOf("acme").Partition, "another-key");
        var key = await _bench.Get<StoredKeys>().GetOrCreateAsync(place, Cancellation);
        UseNewKey();
        await _bench.StartAsync();

        var end = await _bench.FinishAsync();

        Assert.Equal(("completed", 1), (end.State, end.Done));
        LoseOldKey();
        _bench.ForgetCaches();
        Assert.Equal(key, await _bench.Get<StoredKeys>().GetOrCreateAsync(place, Cancellation));
    }

    [Fact]
    public async Task Clients_see_the_new_version_and_a_new_ETag_and_connections_stay()
    {
        await _bench.ConfigureAsync("acme");
        var (etag, connections) = (await ETagAsync(), await VersionAsync());
        UseNewKey();
        await _bench.StartAsync();

        await _bench.FinishAsync();
        _bench.ForgetCaches();

        Assert.NotEqual(etag, await ETagAsync());
        Assert.Equal(connections, await VersionAsync());
        Assert.Equal(2, (await _bench.GetAsync(Config))["encryption_version"]!.GetValue<int>());
    }

    [Fact]
    public async Task What_is_cached_from_before_does_no_harm_when_the_old_key_is_gone_at_once()
    {
        await FillAsync(tenants: 2);
        var hash = await _bench.HashAsync("acme-1");
        // The configuration and the wrapped hash key are cached, the unwrapped keys are not.
        _bench.Clock.Advance(DataKeyCache.Lifetime - TimeSpan.FromSeconds(10));
        var cached = await _bench.PasswordAsync("acme-1");
        UseNewKey();
        await _bench.StartAsync();
        await _bench.FinishAsync();
        LoseOldKey();

        Assert.Equal(cached, await _bench.PasswordAsync("acme-1"));
        Assert.Equal(hash, await _bench.HashAsync("acme-1"));
        for (var second = 0; second < 40; second++)
        {
            _bench.Clock.Advance(TimeSpan.FromSeconds(10));
            Assert.Equal(cached, await _bench.PasswordAsync("acme-1"));
            Assert.Equal(hash, await _bench.HashAsync("acme-1"));
        }
    }

    [Fact]
    public async Task A_lost_version_is_named_by_health_until_nothing_is_under_it_any_more()
    {
        await _bench.ConfigureAsync("acme");
        _bench.Ring.Now = _bench.Open([.. _new]);
        _bench.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Contains("Version 1 of the key can't be used, and there is data that was encrypted under it", await _bench.HealthAsync(), StringComparison.Ordinal);
        UseNewKey();
        await _bench.StartAsync();
        await _bench.FinishAsync();
        LoseOldKey();
        _bench.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(await _bench.HealthAsync());
    }

    private void UseNewKey() => _bench.Ring.Now = _bench.Open([.. _new], [.. _old]);

    private void LoseOldKey() => _bench.Ring.Now = _bench.Open([.. _new]);

    // As many configurations, and the keys of two tenants' recipients.
    private async Task FillAsync(int tenants)
    {
        for (var number = 0; number < tenants; number++)
            await _bench.ConfigureAsync($"acme-{number}", $"secret {number}");
        await _bench.HashAsync("acme-1");
        await _bench.HashAsync("without-configuration");
    }

    private async Task<string> ETagAsync()
    {
        using var answer = await _bench.Client.GetAsync(new Uri(Config, UriKind.Relative), Cancellation);
        return answer.Headers.ETag!.Tag;
    }

    private async Task<string> VersionAsync() => await _bench.Get<ProviderResolver>().GetVersionAsync(TenantOf("acme"), Cancellation);
}
