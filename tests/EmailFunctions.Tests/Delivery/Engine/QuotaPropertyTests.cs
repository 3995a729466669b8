using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>
/// Daily quotas and monthly budgets over the end of a month, by eight processes whose calls fail: never exceeded, to the last part of
/// a cent; nothing is dropped for them; and each mark is told exactly once. A failing seed is printed; <c>PROOF_SEED</c> with
/// <c>PROOF_SCALE=0</c> brings it back.
/// </summary>
public sealed class QuotaPropertyTests(ITestOutputHelper output)
{
    [Fact]
    public void Quota_and_budget_hold_and_each_mark_is_told_once() => RunAll(QuotaRunKind.Faults);

    [Fact]
    public void They_hold_although_processes_die() => RunAll(QuotaRunKind.Kills);

    [Fact]
    public void What_was_not_taken_is_given_back() => RunAll(QuotaRunKind.Refusals);

    private void RunAll(QuotaRunKind kind)
    {
        var runs = Proof.Count(500, minimum: 25);
        var totals = new QuotaTotals();
        Parallel.For(0, runs, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, run => new QuotaRun(unchecked(Proof.Seed + run), kind, totals).Run());
        output.WriteLine($"{kind}, seeds {Proof.Seed} to {Proof.Seed + (long)runs - 1}: {runs} runs, {totals}");

        Assert.True(runs == 1 || totals.RunsOverMonthEnd > runs / 4, "Too few runs had a budget that lasted into another month.");
    }
}
