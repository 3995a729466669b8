namespace EmailFunctions.Tests.Simulation;

public sealed class SimHistoryTests
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(new double[0], 0)]
    [InlineData(new double[] { 5 }, 1)]
    [InlineData(new double[] { 0, 60 }, 1)]
    [InlineData(new[] { 0, 59.999 }, 2)]
    [InlineData(new double[] { 0, 0, 0, 60 }, 3)]
    [InlineData(new double[] { 0, 30, 61, 62, 89, 200 }, 4)]
    public void The_most_in_any_window_is_found_wherever_it_begins(double[] seconds, int most) =>
        Assert.Equal(most, SimHistory.MaxInAnyWindow([.. seconds.Select(At)], Window));

    [Fact]
    public void The_most_in_any_window_is_what_counting_each_window_finds()
    {
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            List<DateTimeOffset> times = [.. Enumerable.Range(0, 30).Select(_ => At(random.Next(300))).Order()];

            Assert.Equal(times.Max(start => times.Count(time => time >= start && time < start + Window)), SimHistory.MaxInAnyWindow(times, Window));
        }
    }

    [Fact]
    public void Times_out_of_order_are_refused() =>
        Assert.Throws<ArgumentException>(() => SimHistory.MaxInAnyWindow([At(2), At(1)], Window));

    [Fact]
    public void Calls_are_recorded_in_true_time_with_their_message_and_worker()
    {
        var loop = new SimLoop(seed: 1);
        var history = new SimHistory(loop);
        var worker = new SimContext(loop, "worker");
        history.Record("m1", worker);
        loop.RunFor(TimeSpan.FromSeconds(3));
        history.Record("m2", worker);

        Assert.Equal([new SimCall(SimLoop.Epoch, "m1", "worker"), new SimCall(SimLoop.Epoch.AddSeconds(3), "m2", "worker")], history.Calls);
        Assert.Equal(2, history.Times().Count);
        Assert.Equal([SimLoop.Epoch.AddSeconds(3)], history.Times(static call => call.Message == "m2"));
    }

    private static DateTimeOffset At(double seconds) => SimLoop.Epoch.AddSeconds(seconds);

    private static DateTimeOffset At(int seconds) => At((double)seconds);
}
