using System.Diagnostics.Metrics;
using EmailFunctions.Providers;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Telemetry;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Providers;

/// <summary>A provider's health over several instances that share a store: each shows the newest sign, whoever had it.</summary>
public sealed class ProviderHealthGaugeTests : IDisposable
{
    private static readonly TenantId Acme = TenantId.TryParse("acme", out var tenant) ? tenant : throw new InvalidOperationException();

    private static readonly ProviderAccount Account = new(Acme, "1", new ProviderSettings { Type = ProviderType.Smtp }, new ProviderSecrets());

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly TempDatabase _database = new();
    private readonly FaultyTable _table;
    private readonly Instance _one;
    private readonly Instance _other;

    public ProviderHealthGaugeTests()
    {
        _table = new FaultyTable(new SqliteEntityTable(_database.Database));
        (_one, _other) = (new Instance(_table, _clock), new Instance(_table, _clock));
    }

    [Fact]
    public async Task What_one_found_well_long_ago_does_not_hide_what_another_finds_down()
    {
        _one.Finds(isWell: true);
        _clock.Advance(TimeSpan.FromMinutes(30));
        _other.Finds(isWell: false);

        Assert.Equal([0, 0, 0], await ShownAsync(_other, _one, _other));
    }

    [Fact]
    public async Task What_one_found_down_long_ago_does_not_outlive_what_another_finds_well()
    {
        _one.Finds(isWell: false);
        Assert.Equal([0, 0], await ShownAsync(_one, _other));
        _clock.Advance(TimeSpan.FromMinutes(10));
        _other.Finds(isWell: true);

        Assert.Equal([1, 1], await ShownAsync(_other, _one));
        // Nobody hears of it any more, and the old sign does not come up again.
        _clock.Advance(TimeSpan.FromMinutes(55));
        Assert.Equal([1, 1], await ShownAsync(_one, _other));
    }

    [Fact]
    public async Task One_that_stays_down_is_down_at_all_for_as_long_and_then_for_an_hour()
    {
        for (var minutes = 0; minutes < 90; minutes++)
        {
            _one.Finds(isWell: false);
            Assert.Equal([0, 0], await ShownAsync(_one, _other));
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        _clock.Advance(TimeSpan.FromMinutes(50));
        Assert.Equal([0, 0], await ShownAsync(_one, _other));
        _clock.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal([null, null], await ShownAsync(_one, _other));
        Assert.Empty((await _table.QueryAsync(EntityQuery.Prefix("provider-health", ""), TestContext.Current.CancellationToken)).Entities);
    }

    [Fact]
    public async Task An_instance_that_starts_shows_what_the_others_know_to_be_down()
    {
        _one.Finds(isWell: false);
        await ShownAsync(_one);

        using var third = new Instance(_table, _clock);
        Assert.Equal([0], await ShownAsync(third));
    }

    [Fact]
    public async Task Providers_that_are_well_cost_a_read_and_no_write_and_one_that_is_down_a_write_in_five_minutes()
    {
        _one.Finds(isWell: true);
        await ShownAsync(_one, _one);
        Assert.Equal((2, 0), (_table.Queries, _table.Writes));

        for (var seconds = 0; seconds < 600; seconds += 15)
        {
            _one.Finds(isWell: false);
            await ShownAsync(_one);
            _clock.Advance(TimeSpan.FromSeconds(15));
        }

        Assert.Equal(2, _table.Writes);
    }

    public void Dispose()
    {
        _one.Dispose();
        _other.Dispose();
        _database.Dispose();
    }

    // Asks one instance after the other; null: it shows none.
    private static async Task<List<double?>> ShownAsync(params Instance[] instances)
    {
        var shown = new List<double?>();
        foreach (var instance in instances)
            shown.Add(await instance.ShowAsync());
        return shown;
    }

    /// <summary>What an instance knows, and its gauge.</summary>
    private sealed class Instance : IDisposable
    {
        private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        private readonly ProviderHealth _health;
        private readonly ProviderHealthGauge _gauge;
        private readonly MeterListener _listener = new();
        private double? _value;

        public Instance(IEntityTable table, TimeProvider time)
        {
            var meters = _services.GetRequiredService<IMeterFactory>();
            _health = new ProviderHealth(time);
            _gauge = new ProviderHealthGauge(_health, new ProviderHealthRows(table), new TenantLabels(MetricSettings.Default), meters);
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == meters)
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<double>((_, value, _, _) => _value = value);
            _listener.Start();
        }

        public void Finds(bool isWell) => _health.Note(Acme, Account, isWell ? ProbeResult.Healthy : ProbeResult.Unhealthy(ErrorCategory.Network, "refused"));

        public async Task<double?> ShowAsync()
        {
            await _gauge.RefreshAsync(TestContext.Current.CancellationToken);
            _value = null;
            _listener.RecordObservableInstruments();
            return _value;
        }

        public void Dispose()
        {
            _listener.Dispose();
            _services.Dispose();
        }
    }
}
