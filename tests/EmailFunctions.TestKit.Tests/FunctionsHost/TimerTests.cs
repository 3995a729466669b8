using System.Globalization;
using EmailFunctions.TestKit.FunctionsHost;
using Microsoft.Extensions.Time.Testing;
using Newtonsoft.Json.Linq;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

public sealed class TimerTests
{
    [Theory]
    [InlineData("*/5 * * * * *", "2026-11-24T03:10:12", "2026-11-24T03:10:15")]
    [InlineData("*/5 * * * * *", "2026-11-24T03:10:15", "2026-11-24T03:10:20")]
    [InlineData("0 */5 * * * *", "2026-11-24T03:10:00", "2026-11-24T03:15:00")]
    [InlineData("30 10 * * * *", "2026-11-24T03:10:31", "2026-11-24T04:10:30")]
    [InlineData("0 0 3 * * *", "2026-11-24T03:10:12", "2026-11-25T03:00:00")]
    [InlineData("0 0 8-17/3 * * *", "2026-11-24T11:30:00", "2026-11-24T14:00:00")]
    [InlineData("0 15/20 * * * *", "2026-11-24T03:16:00", "2026-11-24T03:35:00")]
    [InlineData("0 0 0 1,15 * *", "2026-11-24T03:10:12", "2026-12-01T00:00:00")]
    [InlineData("0 0 0 * * 1-5", "2026-11-27T12:00:00", "2026-11-30T00:00:00")]
    [InlineData("0 0 0 * * 7", "2026-11-24T03:10:12", "2026-11-29T00:00:00")]
    [InlineData("0 0 0 13 * 5", "2026-11-24T03:10:12", "2027-08-13T00:00:00")]
    [InlineData("0 0 0 29 2 *", "2026-11-24T03:10:12", "2028-02-29T00:00:00")]
    [InlineData("00:10:00", "2026-11-24T03:10:12", "2026-11-24T03:20:12")]
    public void The_next_time_of_a_schedule(string schedule, string now, string expected) =>
        Assert.Equal(Time(expected), CronSchedule.Parse(schedule).Next(Time(now)));

    [Fact]
    public void A_schedule_that_never_comes_has_no_next_time() =>
        Assert.Null(CronSchedule.Parse("0 0 0 30 2 *").Next(Time("2026-11-24T03:10:12")));

    [Theory]
    [InlineData("")]
    [InlineData("60 * * * * *")]
    [InlineData("* * * * 0 *")]
    [InlineData("* * * 5-4 * *")]
    [InlineData("*/0 * * * * *")]
    [InlineData("a * * * * *")]
    [InlineData("-1 * * * * *")]
    [InlineData("1,,2 * * * * *")]
    [InlineData("00:00:00")]
    public void What_is_no_schedule_is_refused(string schedule) =>
        Assert.Throws<FunctionsHostException>(() => CronSchedule.Parse(schedule));

    [Fact]
    public async Task A_timer_runs_by_its_schedule()
    {
        var time = new ObservedTime(Time("2026-11-24T03:14:00"));
        using var folder = new ScriptFolder().AddTimer("Sweep", "0 */5 * * * *");
        var handler = Host.Handler();
        await using var host = await Host.StartAsync(folder, handler, options => options with { RunTimers = true }, time);
        foreach (var wait in new[] { TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5) })
        {
            // Only once it waits: a time that goes by before that is passed over.
            await Host.UntilAsync(() => time.LastWait == wait, "the timer waits for its time");
            time.LastWait = default;
            time.Advance(wait);
        }

        await Host.UntilAsync(() => host.Invocations.Count == 3, "three runs");
        var runs = handler.Seen.Select(seen => (DateTime)JObject.Parse(seen.Body)["Metadata"]!["sys"]!["UtcNow"]!);
        Assert.Equal(["03:15:00", "03:20:00", "03:25:00"], runs.Select(run => run.ToString("HH:mm:ss", CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task The_timers_payload_tells_its_schedule_and_what_it_knows_of_the_last_run()
    {
        var time = new FakeTimeProvider(Time("2026-11-24T03:10:12"));
        using var folder = new ScriptFolder().AddTimer("Sweep", "0 */5 * * * *");
        var handler = Host.Handler();
        await using var host = await Host.StartAsync(folder, handler, time: time);
        await host.FireTimerAsync("Sweep");
        await host.FireTimerAsync("Sweep", isPastDue: true);
        const string Shape = """{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"LAST","Next":"2026-11-24T03:15:00Z","LastUpdated":"LAST"},"IsPastDue":LATE}},"Metadata":{"sys":{"MethodName":"Sweep","UtcNow":"2026-11-24T03:10:12Z","RandGuid":""";
        Assert.StartsWith(Expected("0001-01-01T00:00:00", "false"), handler.Seen[0].Body, StringComparison.Ordinal);
        Assert.StartsWith(Expected("2026-11-24T03:10:12", "true"), handler.Seen[1].Body, StringComparison.Ordinal);

        static string Expected(string last, string late) =>
            Shape.Replace("LAST", last, StringComparison.Ordinal).Replace("LATE", late, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_timer_never_runs_twice_at_a_time_and_two_timers_do_not_wait_for_each_other()
    {
        using var folder = new ScriptFolder().AddTimer("Sweep").AddTimer("Other");
        using var goOn = new SemaphoreSlim(0);
        var handler = Host.Handler(async context =>
        {
            if (context.Request.Path == "/Sweep")
            {
                await goOn.WaitAsync(context.RequestAborted);
            }

            await Answers.Success(context);
        });
        await using var host = await Host.StartAsync(folder, handler);
        var first = host.FireTimerAsync("Sweep");
        await Host.UntilAsync(() => handler.Seen.Count == 1, "the first run");
        var second = host.FireTimerAsync("Sweep");
        Assert.True((await host.FireTimerAsync("Other")).Succeeded);
        Assert.Equal(["/Sweep", "/Other"], handler.Seen.Select(seen => seen.Target));
        goOn.Release(2);
        Assert.True((await first).Succeeded && (await second).Succeeded);
    }

    [Fact]
    public async Task A_timer_that_is_not_there_cannot_be_fired()
    {
        using var folder = new ScriptFolder().AddHttp("Page", "page");
        await using var host = await Host.StartAsync(folder, Host.Handler());
        await Assert.ThrowsAsync<ArgumentException>(() => host.FireTimerAsync("Page"));
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    /// <summary>A clock that tells how long whoever asked last waits.</summary>
    private sealed class ObservedTime(DateTimeOffset start) : FakeTimeProvider(start)
    {
        private long _lastWait;

        public TimeSpan LastWait
        {
            get => new(Interlocked.Read(ref _lastWait));
            set => Interlocked.Exchange(ref _lastWait, value.Ticks);
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            LastWait = dueTime;
            return timer;
        }
    }
}
