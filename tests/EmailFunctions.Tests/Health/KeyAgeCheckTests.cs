using EmailFunctions.Health;
using EmailFunctions.Keys;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Health;

/// <summary>When an operator is told of the key's age.</summary>
public sealed class KeyAgeCheckTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(10, 700, true, LogLevel.Information)]
    [InlineData(10, null, true, LogLevel.Information)]
    [InlineData(401, null, true, LogLevel.Warning)]
    [InlineData(401, 700, true, LogLevel.Warning)]
    [InlineData(10, 59, true, LogLevel.Error)]
    [InlineData(10, -1, true, LogLevel.Error)]
    [InlineData(401, 59, true, LogLevel.Error)]
    [InlineData(10, 700, false, LogLevel.Error)]
    public async Task An_old_an_expiring_and_a_disabled_key_are_reported(int daysOld, int? daysLeft, bool isEnabled, LogLevel level)
    {
        var log = new LevelLog();
        var key = new Key(new KeyAge(3, Now.AddDays(-daysOld), daysLeft is { } days ? Now.AddDays(days) : null, isEnabled));

        await new KeyAgeCheck([key], new FakeTimeProvider(Now), log).CheckAsync(TestContext.Current.CancellationToken);

        Assert.Equal([level], log.Levels);
    }

    [Fact]
    public async Task A_key_whose_home_does_not_rotate_it_is_not_looked_at()
    {
        var log = new LevelLog();

        await new KeyAgeCheck([], new FakeTimeProvider(Now), log).CheckAsync(TestContext.Current.CancellationToken);

        Assert.Empty(log.Levels);
    }

    private sealed class Key(KeyAge age) : IKeyAge
    {
        public Task<KeyAge> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(age);
    }

    private sealed class LevelLog : ILogger<KeyAgeCheck>
    {
        public List<LogLevel> Levels { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Levels.Add(logLevel);
    }
}
