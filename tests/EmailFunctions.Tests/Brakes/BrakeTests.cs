using EmailFunctions.Brakes;

namespace EmailFunctions.Tests.Brakes;

/// <summary>How much one key gets through.</summary>
public sealed class BrakeTests
{
    [Fact]
    public void A_key_gets_what_it_may_and_is_told_when_there_is_more()
    {
        using var brake = new Brake(3, TimeSpan.FromHours(1));

        Assert.Equal([null, null, null], Enumerable.Range(0, 3).Select(_ => brake.Take("a")));
        Assert.Equal(TimeSpan.FromMinutes(20), brake.Take("a"));
        Assert.Equal(TimeSpan.FromMinutes(20), brake.Look("a"));
    }

    [Fact]
    public void Another_key_is_not_touched_by_it()
    {
        using var brake = new Brake(1, TimeSpan.FromHours(1));
        Assert.Null(brake.Take("a"));

        Assert.NotNull(brake.Take("a"));
        Assert.Null(brake.Take("b"));
    }

    [Fact]
    public void A_look_takes_nothing()
    {
        using var brake = new Brake(1, TimeSpan.FromHours(1));

        Assert.Equal([null, null, null], Enumerable.Range(0, 3).Select(_ => brake.Look("a")));
        Assert.Null(brake.Take("a"));
    }

    [Fact]
    public void Zero_is_no_brake()
    {
        using var brake = new Brake(0, TimeSpan.FromHours(1));

        Assert.All(Enumerable.Range(0, 1_000), _ => Assert.Null(brake.Take("a")));
    }

    [Theory]
    [InlineData(1, 60, 1, 60)]
    [InlineData(7, 60, 1, 60d / 7)]
    [InlineData(60, 60, 1, 1)]
    [InlineData(100, 60, 2, 1.2)]
    [InlineData(12_000, 60, 200, 1)]
    [InlineData(60, 3_600, 1, 60)]
    public void In_each_period_as_many_come_back_as_it_may_have(int permits, int seconds, int atOnce, double everySeconds)
    {
        var options = Brake.Options(permits, TimeSpan.FromSeconds(seconds));

        Assert.Equal((permits, atOnce), (options.TokenLimit, options.TokensPerPeriod));
        Assert.Equal(everySeconds, options.ReplenishmentPeriod.TotalSeconds, 6);
    }
}
