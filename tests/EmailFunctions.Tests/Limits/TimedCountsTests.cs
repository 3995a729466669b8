using EmailFunctions.Limits;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Limits;

public sealed class TimedCountsTests
{
    [Fact]
    public void Times_that_are_equal_take_one_run()
    {
        var counts = Of(5, 5, 5, 9);

        Assert.Equal((4, 2), (counts.Total, counts.Runs));
        Assert.Equal([5, 5, 5, 9], Enumerable.Range(0, 4).Select(counts.TimeAt));
    }

    [Fact]
    public void A_group_counts_at_the_time_of_its_last()
    {
        var counts = new TimedCounts();
        foreach (var time in new long[] { 1, 2, 3, 4, 5 })
            counts.Add(time, group: 3);

        Assert.Equal([3, 3, 3, 5, 5], Enumerable.Range(0, 5).Select(counts.TimeAt));
    }

    [Fact]
    public void What_is_taken_back_leaves_no_time_earlier_than_it_was()
    {
        var random = new Random(Proof.Seed);
        for (var run = 0; run < 300; run++)
        {
            var (counts, times, time) = (new TimedCounts(), new List<long>(), 1_000L);
            var group = random.Next(1, 4);
            for (var number = 0; number < 40; number++)
            {
                times.Add(time += random.Next(-3, 9));
                counts.Add(time, group);
            }

            for (var number = 0; number < 10; number++)
            {
                var lost = random.Next(times.Count);
                if (counts.TryRemove(times[lost]))
                    times.RemoveAt(lost);
                Assert.Equal(times.Count, counts.Total);
                Assert.All(times.Index(), own => Assert.True(counts.TimeAt(own.Index) >= own.Item, $"Seed {Proof.Seed}, run {run}."));
            }
        }
    }

    [Fact]
    public void What_was_forgotten_can_not_be_taken_back()
    {
        var counts = Of(5, 7, 9);
        counts.ForgetUntil(6);

        Assert.False(counts.TryRemove(5));
        Assert.True(counts.TryRemove(7));
        Assert.False(counts.TryRemove(7));
        Assert.False(counts.TryRemove(10));
        Assert.Equal(1, counts.Total);
    }

    [Fact]
    public void A_time_that_runs_backwards_counts_as_the_last() => Assert.Equal(9, Of(5, 9, 7).TimeAt(2));

    [Fact]
    public void Halving_never_makes_a_time_earlier()
    {
        var counts = Of(1, 2, 3, 4, 5);

        counts.Halve();

        Assert.Equal((5, 3), (counts.Total, counts.Runs));
        Assert.Equal([2, 2, 4, 4, 5], Enumerable.Range(0, 5).Select(counts.TimeAt));
    }

    [Theory]
    [InlineData(1, 9L)]
    [InlineData(2, 5L)]
    [InlineData(4, 5L)]
    [InlineData(5, 1L)]
    [InlineData(6, null)]
    public void The_nth_from_the_end_is_found_across_runs(int count, long? expected) =>
        Assert.Equal(expected, Of(1, 5, 5, 5, 9).TimeFromEnd(ref count));

    [Fact]
    public void What_is_missing_is_counted_on_elsewhere()
    {
        var count = 6;

        Assert.Null(Of(1, 5).TimeFromEnd(ref count));

        Assert.Equal(4, count);
    }

    [Fact]
    public void Forgetting_keeps_the_total_right()
    {
        var counts = Of(1, 1, 2, 3);

        counts.ForgetUntil(2);

        Assert.Equal((1, 3L), (counts.Total, counts.First));
    }

    [Fact]
    public void Taking_the_first_ends_with_nothing()
    {
        var counts = Of(1, 1, 2);
        for (var number = 0; number < 3; number++)
            counts.RemoveFirst();

        Assert.True(counts.IsEmpty);
        Assert.Equal(0, counts.Total);
    }

    [Fact]
    public void What_is_encoded_comes_back()
    {
        var random = new Random(Proof.Seed);
        var counts = new TimedCounts();
        var time = 1_764_000_000_000L;
        for (var number = 0; number < 1_000; number++)
            counts.Add(time += random.Next(3) * random.Next(3_000), random.Next(1, 4));

        var again = TimedCounts.Decode(counts.Encode());

        Assert.Equal((counts.Total, counts.Runs), (again.Total, again.Runs));
        Assert.Equal(Enumerable.Range(0, 1_000).Select(counts.TimeAt), Enumerable.Range(0, 1_000).Select(again.TimeAt));
        Assert.Null(new TimedCounts().Encode());
    }

    private static TimedCounts Of(params long[] times)
    {
        var counts = new TimedCounts();
        foreach (var time in times)
            counts.Add(time);
        return counts;
    }
}
