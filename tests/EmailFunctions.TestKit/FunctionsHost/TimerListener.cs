using Newtonsoft.Json.Linq;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>Runs one timer's function by its schedule, never twice at a time; a time that comes during a run is passed over.</summary>
internal sealed class TimerListener(FunctionDefinition function, FunctionInvoker invoker) : IAsyncDisposable
{
    // Task.Delay takes no more than 49 days.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(1);

    private readonly CronSchedule _schedule = CronSchedule.Parse(function.Trigger.Text("schedule")!);
    private readonly SemaphoreSlim _one = new(1);
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private DateTimeOffset? _last;

    public string Function => function.Name;

    public void Start() => _running = RunAsync();

    public async Task<InvocationRecord> FireAsync(bool isPastDue)
    {
        await _one.WaitAsync(_stop.Token);
        try
        {
            var now = invoker.Time.GetUtcNow();
            var payload = TriggerPayload.Create(function.Trigger.Name, Info(now, isPastDue), [], function.Name, now);
            _last = now;
            return await invoker.TriggerAsync(function, payload, deliveryCount: 0);
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        if (AppSettings.IsTrue(function.Trigger.Text("runOnStartup")))
        {
            await FireAsync(isPastDue: false);
        }

        try
        {
            while (_schedule.Next(invoker.Time.GetUtcNow()) is { } next)
            {
                await WaitUntilAsync(next);
                await FireAsync(isPastDue: false);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task WaitUntilAsync(DateTimeOffset time)
    {
        while (time - invoker.Time.GetUtcNow() is var wait && wait > TimeSpan.Zero)
        {
            await Task.Delay(wait < LongestDelay ? wait : LongestDelay, invoker.Time, _stop.Token);
        }
    }

    // Without a monitor the host keeps no status.
    private JObject Info(DateTimeOffset now, bool isPastDue) => new()
    {
        ["Schedule"] = new JObject { ["AdjustForDST"] = true },
        ["ScheduleStatus"] = string.Equals(function.Trigger.Text("useMonitor"), "false", StringComparison.OrdinalIgnoreCase) ? null : new JObject
        {
            ["Last"] = (_last ?? default).DateTime,
            ["Next"] = (_schedule.Next(now) ?? default).UtcDateTime,
            ["LastUpdated"] = (_last ?? default).DateTime,
        },
        ["IsPastDue"] = isPastDue,
    };
}
