using EmailFunctions.Tests.Support;
using EmailFunctions.Usage;

namespace EmailFunctions.Tests.Usage;

public sealed class LatencyHistogramTests(ITestOutputHelper output)
{
    [Fact]
    public void Without_durations_there_is_no_percentile() => Assert.Null(new LatencyHistogram().Percentile(0.5));

    [Fact]
    public void A_percentile_is_within_a_quarter_of_the_exact_one_and_parts_add_up()
    {
        output.WriteLine($"PROOF_SEED={Proof.Seed}");
        var random = new Random(Proof.Seed);
        for (var run = 0; run < 200; run++)
        {
            var durations = Enumerable.Range(0, random.Next(1, 300)).Select(_ => (long)Math.Exp(random.NextDouble() * 14)).ToList();
            var (sum, half) = (new LatencyHistogram(), new LatencyHistogram());
            foreach (var duration in durations)
                (random.Next(2) == 0 ? sum : half).Add(duration);
            sum.Add(LatencyHistogram.Parse(half.ToString()));

            Assert.Equal(durations.Count, sum.Count);
            durations.Sort();
            foreach (var share in new[] { 0.01, 0.5, 0.95, 0.99, 1 })
            {
                var exact = durations[Math.Max(1, (int)Math.Ceiling(share * durations.Count)) - 1];
                Assert.True(Math.Abs(sum.Percentile(share)!.Value - exact) <= exact / 4.0, $"PROOF_SEED={Proof.Seed}: {share} of {string.Join(' ', durations)} told as {sum.Percentile(share)}");
            }
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void What_can_not_be_does_no_harm(long milliseconds)
    {
        var histogram = new LatencyHistogram();

        histogram.Add(milliseconds);

        Assert.InRange(LatencyHistogram.Parse(histogram.ToString()).Percentile(0.5)!.Value, 0, long.MaxValue);
    }
}
