using EmailFunctions.Keys.KeyVault;
using EmailFunctions.Tests.Keys.KeyVault;

namespace EmailFunctions.Tests.Rotation;

/// <summary>The same with a key that Key Vault keeps, in versions.</summary>
public sealed class VaultRotationTests : VaultBench
{
    [Fact]
    public async Task After_a_rotation_the_old_version_may_be_disabled_without_effect()
    {
        await using var bench = new RotationBench(Mail, Clock);
        for (var number = 0; number < 30; number++)
            await bench.ConfigureAsync($"acme-{number}", $"secret {number}");
        var hash = await bench.HashAsync("acme-1");
        var old = Key.Newest;
        Clock.Advance(TimeSpan.FromSeconds(1));
        Key.Rotate();
        await bench.StartAsync();
        await bench.ConfigureAsync("new");

        var end = await bench.FinishAsync();
        old.IsEnabled = false;

        Assert.Equal(("completed", 2, 32, 0), (end.State, end.KeyVersion, end.Done, end.Failed));
        // No instance may wrap under the old version when it is checked that nothing is left under it.
        Assert.True(end.CheckFrom >= end.StartedAt + KeyVersions.Lifetime, $"{end}");
        foreach (var wait in new[] { TimeSpan.Zero, TimeSpan.FromMinutes(10) })
        {
            Clock.Advance(wait);
            for (var number = 0; number < 30; number++)
                Assert.Equal($"secret {number}", await bench.PasswordAsync($"acme-{number}"));
            Assert.Equal(hash, await bench.HashAsync("acme-1"));
            Assert.Null(await bench.HealthAsync());
        }
    }

    [Fact]
    public async Task A_version_that_is_disabled_too_early_is_named_by_health_and_by_the_rotation()
    {
        await using var bench = new RotationBench(Mail, Clock);
        await bench.ConfigureAsync("acme");
        var old = Key.Newest;
        Clock.Advance(TimeSpan.FromSeconds(1));
        Key.Rotate();
        old.IsEnabled = false;
        await bench.StartAsync();

        var end = await bench.FinishAsync();

        Assert.Equal(("incomplete", 1), (end.State, end.Failed));
        Assert.Contains("is disabled", Assert.Single(end.Failures).Reason, StringComparison.Ordinal);
        Assert.Contains("Version 1 of the key can't be used", await bench.HealthAsync(), StringComparison.Ordinal);
        old.IsEnabled = true;
        await bench.StartAsync();
        Assert.Equal("completed", (await bench.FinishAsync()).State);
    }
}
