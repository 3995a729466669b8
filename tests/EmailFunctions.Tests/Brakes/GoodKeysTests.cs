using System.Globalization;
using EmailFunctions.Brakes;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Brakes;

/// <summary>Which keys are known to have been good.</summary>
public sealed class GoodKeysTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void A_key_is_known_from_its_first_use_until_it_is_no_good_any_more()
    {
        var keys = new GoodKeys(_clock);

        Assert.False(keys.Has("a"));
        keys.Note("a");
        Assert.Equal((true, false), (keys.Has("a"), keys.Has("A")));
        keys.Forget("a");
        Assert.False(keys.Has("a"));
    }

    [Fact]
    public void One_that_is_used_stays_known_and_one_that_is_not_is_forgotten_within_an_hour()
    {
        var keys = new GoodKeys(_clock);
        keys.Note("used");
        keys.Note("unused");
        for (var half = 0; half < 3; half++)
        {
            _clock.Advance(TimeSpan.FromMinutes(30));
            keys.Note("used");
        }

        Assert.Equal((true, false), (keys.Has("used"), keys.Has("unused")));
    }

    [Fact]
    public void However_many_there_are_the_last_ten_thousand_are_known_and_the_first_are_not()
    {
        var keys = new GoodKeys(_clock);
        for (var number = 0; number < 30_001; number++)
            keys.Note(number.ToString(CultureInfo.InvariantCulture));

        Assert.Equal((true, true, false), (keys.Has("30000"), keys.Has("20001"), keys.Has("0")));
    }
}
