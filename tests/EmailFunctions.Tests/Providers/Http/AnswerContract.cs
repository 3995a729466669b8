using EmailFunctions.Providers;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>Every row of a vendor's table is provoked at its server, and comes to what the row says.</summary>
public abstract class AnswerContract
{
    private protected abstract IReadOnlyList<AnswerRow> Answers { get; }

    private protected abstract IReadOnlyList<Provocation> Provocations { get; }

    private protected abstract Task<VendorBench> StartAsync();

    [Fact]
    public void No_row_is_there_twice() => Assert.Equal(Answers.Count, Answers.Select(static row => row.Answer).Distinct().Count());

    [Fact]
    public void Each_row_is_provoked_and_each_provocation_has_its_row() =>
        Assert.Equal(Answers.Select(static row => row.Answer).Order(StringComparer.Ordinal), Provocations.Select(static provocation => provocation.Row).Distinct().Order(StringComparer.Ordinal));

    private protected async Task AssertProvokedAsync(Provocation provocation)
    {
        var row = Answers.Single(row => row.Answer == provocation.Row);
        await using var scene = new VendorScene(await StartAsync());
        var result = await provocation.Run(scene);
        Assert.Equal((row.Status, row.Category, provocation.RetryAfter), (result.Status, result.Category, result.RetryAfter));
        Assert.Equal(row.Answer.StartsWith("Not asked: ", StringComparison.Ordinal), result.IsNotAsked);
        Assert.False(string.IsNullOrEmpty(result.Answer));
        Assert.DoesNotContain("@", result.Answer, StringComparison.Ordinal);
    }
}
