using System.Net;
using EmailFunctions.DeadLetters;
using EmailFunctions.Messages;
using EmailFunctions.Sweeps;

namespace EmailFunctions.Tests.DeadLetters;

public sealed class DeadLetterEndTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public async Task A_discarded_letter_has_failed_and_its_content_is_gone(int bytes)
    {
        await using var dead = new DeadBench();
        var id = await dead.DieAsync(bodyBytes: bytes);

        Assert.Equal(HttpStatusCode.NoContent, await dead.CallAsync(HttpMethod.Delete, $"{DeadBench.Path}/{id}"));

        await AssertFailedAsync(dead, id, "discarded");
    }

    [Fact]
    public async Task Only_a_dead_letter_is_discarded()
    {
        await using var dead = new DeadBench();
        var discarded = await dead.DieAsync();
        await dead.CallAsync(HttpMethod.Delete, $"{DeadBench.Path}/{discarded}");
        var queued = await dead.Bench.AcceptAsync();

        Assert.Equal(HttpStatusCode.Conflict, await dead.CallAsync(HttpMethod.Delete, $"{DeadBench.Path}/{discarded}"));
        Assert.Equal(HttpStatusCode.Conflict, await dead.CallAsync(HttpMethod.Delete, $"{DeadBench.Path}/{queued}"));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public async Task A_letter_expires_after_its_days_and_not_before(int bytes)
    {
        await using var dead = new DeadBench(("EMAIL_DEAD_LETTER_DAYS", "2"));
        var id = await dead.DieAsync(bodyBytes: bytes);
        dead.Bench.Clock.Advance(TimeSpan.FromDays(2) - TimeSpan.FromSeconds(1));

        Assert.Equal(new SweepRun(0, true), await SweepAsync(dead));
        dead.Bench.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(new SweepRun(1, true), await SweepAsync(dead));

        await AssertFailedAsync(dead, id, "dead_letter_expired");
    }

    [Fact]
    public async Task A_letter_is_kept_for_thirty_days_by_default()
    {
        await using var dead = new DeadBench();
        await dead.DieAsync();

        dead.Bench.Clock.Advance(TimeSpan.FromDays(30) - TimeSpan.FromMinutes(1));
        Assert.Equal(0, (await SweepAsync(dead)).Count);
        dead.Bench.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, (await SweepAsync(dead)).Count);
    }

    [Fact]
    public async Task A_sweep_stops_at_its_bound_and_the_next_one_goes_on()
    {
        await using var dead = new DeadBench();
        var template = await dead.Bench.ReadAsync(await dead.DieAsync());
        var writes = Enumerable.Range(0, DeadLetterSweep.MaxLooks)
            .SelectMany(_ => Ledger.Enter(template with { Id = MessageId.New(template.Id.Tenant, dead.Bench.Clock.GetUtcNow()), ETag = null }));
        foreach (var chunk in writes.Chunk(100))
            await dead.Bench.Table.WriteAsync(chunk, TestContext.Current.CancellationToken);
        await dead.DieAsync("beta");
        dead.Bench.Clock.Advance(TimeSpan.FromDays(31));

        var first = await SweepAsync(dead);
        var second = await SweepAsync(dead);

        Assert.False(first.IsComplete);
        Assert.InRange(first.Count, 900, DeadLetterSweep.MaxLooks);
        Assert.True(second.IsComplete);
        Assert.Equal(DeadLetterSweep.MaxLooks + 2, first.Count + second.Count);
        Assert.Empty(DeadBench.Ids(await dead.ListAsync()));
    }

    private static Task<SweepRun> SweepAsync(DeadBench dead) =>
        dead.Bench.Get<IEnumerable<ISweep>>().OfType<DeadLetterSweep>().Single().RunAsync(TestContext.Current.CancellationToken);

    private static async Task AssertFailedAsync(DeadBench dead, MessageId id, string reason)
    {
        var entry = await dead.Bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Failed, reason), (entry.Status, entry.Reason));
        Assert.Equal(["queued", "sending", "dead_lettered", "failed"], entry.History.Select(static line => line.Status));
        Assert.Null(entry.Payload);
        Assert.False(entry.PayloadStored);
        Assert.Empty(await dead.Bench.RowsAsync("dead-"));
        Assert.Empty(Directory.GetFiles(dead.Bench.PayloadFolder, "*", SearchOption.AllDirectories));
    }
}
