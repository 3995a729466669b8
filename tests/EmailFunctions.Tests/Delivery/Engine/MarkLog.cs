using EmailFunctions.Delivery.Lanes;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>The marks of quotas and budgets that processes logged, each as its limit and percent.</summary>
internal sealed class MarkLog : ILogger<LaneParts>
{
    private const int MarkPassed = 350;

    public List<string> Marks { get; } = [];

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Id != MarkPassed || state is not IReadOnlyList<KeyValuePair<string, object?>> values)
            return;
        var named = values.ToDictionary(static value => value.Key, static value => value.Value);
        Marks.Add($"{named["Limit"]} {named["Percent"]}");
    }
}
