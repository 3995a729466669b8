using EmailFunctions.Limits;

namespace EmailFunctions.Tests.Limits;

public sealed class ConsumptionTests
{
    [Fact]
    public void Each_mark_is_passed_once()
    {
        var consumption = default(Consumption);
        var passed = new List<int>();
        for (var number = 0; number < 12; number++)
        {
            consumption = consumption.After(1, 1, 10, out var now);
            passed.AddRange(now);
        }

        Assert.Equal([50, 80, 100], passed);
    }

    [Fact]
    public void One_step_may_pass_several_marks()
    {
        default(Consumption).After(1, 9, 10, out var passed);

        Assert.Equal([50, 80], passed);
    }

    [Fact]
    public void A_new_period_begins_at_nothing()
    {
        var full = default(Consumption).After(1, 10, 10, out _);

        var next = full.After(2, 5, 10, out var passed);

        Assert.Equal((5m, 0m), (next.UsedIn(2), next.UsedIn(3)));
        Assert.Equal([50], passed);
    }

    [Fact]
    public void A_clock_that_is_behind_counts_in_the_period_that_began()
    {
        var next = default(Consumption).After(2, 1, 10, out _).After(1, 1, 10, out _);

        Assert.Equal(2, next.UsedIn(2));
    }

    [Fact]
    public void What_is_given_back_can_be_used_and_passes_no_mark_again()
    {
        var back = default(Consumption).After(1, 8, 10, out _).After(1, -4, 10, out _);

        var again = back.After(1, 4, 10, out var passed);

        Assert.Equal(8, again.UsedIn(1));
        Assert.Empty(passed);
    }

    [Fact]
    public void Parts_of_a_cent_add_up_exactly()
    {
        var consumption = default(Consumption);
        for (var number = 0; number < 10_000; number++)
            consumption = consumption.After(1, 0.0001m, 1, out _);

        Assert.Equal(1m, consumption.UsedIn(1));
    }
}
