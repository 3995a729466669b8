using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Tenants;

/// <summary>What instances that share a store know of suspended tenants.</summary>
public sealed class TenantStatesTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly FaultyTable _table = new(new MemoryTable());

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Another_instance_knows_within_five_seconds_and_the_one_that_wrote_it_at_once()
    {
        var (here, there) = (new TenantStates(_table, _clock), new TenantStates(_table, _clock));
        Assert.False(await here.IsStoppedAsync(DeliveryBench.Tenant, Cancelled));
        Assert.False(await there.IsStoppedAsync(DeliveryBench.Tenant, Cancelled));

        var written = await here.WriteAsync(State(), Cancelled);

        Assert.True(await here.IsStoppedAsync(DeliveryBench.Tenant, Cancelled));
        _clock.Advance(TenantStates.Sharp + TimeSpan.FromMilliseconds(1));
        Assert.True(await there.IsStoppedAsync(DeliveryBench.Tenant, Cancelled));
        Assert.True(await here.RemoveAsync(written!, Cancelled));
        Assert.False(await here.IsStoppedAsync(DeliveryBench.Tenant, Cancelled));
        _clock.Advance(TenantStates.Sharp + TimeSpan.FromMilliseconds(1));
        Assert.False(await there.IsStoppedAsync(DeliveryBench.Tenant, Cancelled));
    }

    [Fact]
    public async Task All_tenants_are_known_by_one_query_in_its_time()
    {
        var states = new TenantStates(_table, _clock);
        for (var second = 0; second <= 30; second++)
        {
            await states.FindAsync(DeliveryBench.Tenant, TenantStates.Coarse, Cancelled);
            await states.FindAsync(TenantId.System, TenantStates.Coarse, Cancelled);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(1, _table.Transactions);
        await states.FindAsync(DeliveryBench.Tenant, TenantStates.Coarse, Cancelled);
        Assert.Equal(2, _table.Transactions);
    }

    [Fact]
    public async Task Of_two_that_change_a_state_at_once_one_is_refused()
    {
        var states = new TenantStates(_table, _clock);
        var first = await states.WriteAsync(State(), Cancelled);
        Assert.Null(await states.WriteAsync(State(), Cancelled));

        Assert.NotNull(await states.WriteAsync(first! with { Reason = "another" }, Cancelled));

        Assert.Null(await states.WriteAsync(first! with { Reason = "a third" }, Cancelled));
        Assert.False(await states.RemoveAsync(first!, Cancelled));
        Assert.Equal("another", (await states.ReadAsync(DeliveryBench.Tenant, Cancelled))!.Reason);
    }

    private TenantState State() => new(DeliveryBench.Tenant, TenantPhase.Suspended, "to be looked into", _clock.GetUtcNow(), "test") { PhaseSince = _clock.GetUtcNow() };
}
