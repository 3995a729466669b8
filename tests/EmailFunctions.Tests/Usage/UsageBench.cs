using EmailFunctions.Configs;
using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;
using EmailFunctions.Usage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Usage;

/// <summary>The parts that roll usage up and read it, on a fake clock and a table that counts and fails on demand.</summary>
internal sealed class UsageBench
{
    public static readonly TimeSpan RowLifetime = TimeSpan.FromDays(UsageSettings.MinDays);

    private readonly UsageIndex _index;
    private readonly ConfigStore _configs;

    public UsageBench(IEntityTable table, DateTimeOffset now)
    {
        Clock = new FakeTimeProvider(now);
        Table = new FaultyTable(table);
        Directory = new TenantDirectory(Table, TimeProvider.System);
        var positions = new SweepPositions(Table);
        _index = new UsageIndex(Table);
        Rollups = new UsageRollupSweep(new UsageRollups(Table, _index, Clock), _index, Directory, positions, Clock, NullLogger<UsageRollupSweep>.Instance);
        Rows = new UsageRowSweep(Table, Directory, positions, new UsageSettings(RowLifetime), Clock, NullLogger<UsageRowSweep>.Instance);
        Reader = new UsageReader(Table, Clock);
        _configs = new ConfigStore(Table);
        Admin = new AdminUsageReader(_index, _configs, Clock);
        Overview = new UsageOverviewReader(_index, _configs, Clock);
    }

    public FakeTimeProvider Clock { get; }

    public FaultyTable Table { get; }

    public TenantDirectory Directory { get; }

    public UsageRollupSweep Rollups { get; }

    public UsageRowSweep Rows { get; }

    public UsageReader Reader { get; }

    public AdminUsageReader Admin { get; }

    public UsageOverviewReader Overview { get; }

    public static TenantId Tenant(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    /// <summary>Gives a tenant a configuration of its own.</summary>
    public Task ConfigureAsync(TenantId tenant, bool isActive = true) => _configs.WriteAsync(
        new TenantConfig
        {
            Tenant = tenant,
            Id = tenant.Value,
            Fields = new ConfigFields { ProviderType = "file", IsActive = isActive },
            CreatedAt = Clock.GetUtcNow(),
            UpdatedAt = Clock.GetUtcNow(),
        },
        TestContext.Current.CancellationToken);

    /// <summary>Runs a sweep until it is through.</summary>
    public static async Task RunAsync(ISweep sweep)
    {
        while (!(await sweep.RunAsync(TestContext.Current.CancellationToken)).IsComplete)
        {
            // There is more to do.
        }
    }

    /// <summary>How far the tenant's rows are removed, as the store has it.</summary>
    public async Task<DateTimeOffset> RemovedBeforeAsync(TenantId tenant) =>
        (await RollupHead.ReadAsync(Table, tenant, TestContext.Current.CancellationToken)).RemovedBefore;
}
