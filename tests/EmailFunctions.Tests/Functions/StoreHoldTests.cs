using EmailFunctions.Functions;
using EmailFunctions.Keys;
using EmailFunctions.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Functions;

/// <summary>How a call is held while what it needs is down.</summary>
public sealed class StoreHoldTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new() { AutoAdvanceAmount = TimeSpan.Zero };
    private readonly Lifetime _lifetime = new();
    private readonly Draining _draining;
    private readonly StoreHold _hold;
    private int _runs;

    public StoreHoldTests()
    {
        _draining = new Draining(_lifetime, _clock);
        _hold = new StoreHold(_draining, _clock, NullLogger<StoreHold>.Instance);
    }

    public void Dispose()
    {
        _draining.Dispose();
        _lifetime.Dispose();
    }

    [Fact]
    public async Task A_call_that_gets_through_is_not_held()
    {
        await _hold.RunAsync(_ => Task.CompletedTask);

        Assert.Equal(default, _clock.GetUtcNow() - _clock.Start);
    }

    [Fact]
    public async Task A_store_that_comes_back_in_time_costs_no_delivery()
    {
        var call = _hold.RunAsync(_ => _clock.GetUtcNow() - _clock.Start < TimeSpan.FromSeconds(70) ? throw Down() : Task.CompletedTask);

        await PassAsync(call, TimeSpan.FromSeconds(90));

        await call;
        Assert.InRange(_runs, 0, 20);
    }

    [Fact]
    public async Task A_store_that_stays_away_fails_the_call_well_before_the_host_loses_patience()
    {
        var call = _hold.RunAsync(_ =>
        {
            _runs++;
            throw Down();
        });

        var held = await PassAsync(call, TimeSpan.FromMinutes(10));

        await Assert.ThrowsAsync<StoreUnavailableException>(() => call);
        Assert.InRange(held, TimeSpan.FromSeconds(80), StoreHold.Longest);
        Assert.InRange(_runs, 5, 15);
    }

    [Fact]
    public async Task A_key_that_cannot_be_used_holds_the_call_too()
    {
        var call = _hold.RunAsync(_ => _clock.GetUtcNow() - _clock.Start < TimeSpan.FromSeconds(5) ? throw new KeyUnavailableException("gone") : Task.CompletedTask);

        await PassAsync(call, TimeSpan.FromSeconds(20));

        await call;
    }

    [Fact]
    public async Task A_key_that_somebody_has_to_mend_is_not_waited_for()
    {
        await Assert.ThrowsAsync<KeyUnavailableException>(() => _hold.RunAsync(static _ => throw new KeyUnavailableException("damaged") { IsLasting = true }));

        Assert.Equal(default, _clock.GetUtcNow() - _clock.Start);
    }

    [Fact]
    public async Task Any_other_failure_is_the_hosts_at_once() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => _hold.RunAsync(static _ => throw new InvalidOperationException()));

    [Fact]
    public async Task Who_stops_gives_back_what_is_held_and_lets_the_rest_finish_for_a_while()
    {
        var held = _hold.RunAsync(static _ => throw Down());
        var giveUp = CancellationToken.None;
        var working = _hold.RunAsync(async token =>
        {
            giveUp = token;
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
        });

        _lifetime.Stop();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
        Assert.False(giveUp.IsCancellationRequested);
        await PassAsync(working, TimeSpan.FromSeconds(25));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => working);
    }

    private static StoreUnavailableException Down() => new("down, says the test");

    // The call goes on in the clock's timers.
    private async Task<TimeSpan> PassAsync(Task call, TimeSpan longest)
    {
        var step = TimeSpan.FromMilliseconds(500);
        var passed = TimeSpan.Zero;
        for (; passed < longest && !call.IsCompleted; passed += step)
        {
            _clock.Advance(step);
            await Task.Yield();
        }

        return passed;
    }

    private sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void Stop() => _stopping.Cancel();

        public void StopApplication() => Stop();

        public void Dispose() => _stopping.Dispose();
    }
}
