using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Storage;

public abstract partial class EntityTableContract
{
    [Fact]
    public async Task A_cancelled_call_does_nothing()
    {
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Table.GetAsync(Key("row"), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Table.WriteAsync([EntityWrite.Insert(Row("row"))], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Table.QueryAsync(EntityQuery.Prefix(Partition, ""), cancelled));

        Assert.Empty(await AllRowsAsync());
    }

    [Fact]
    public async Task Writers_that_race_on_a_counter_by_conditional_replace_lose_no_increment()
    {
        const int Writers = 8;
        const int Increments = 20;
        await WrittenAsync(EntityWrite.Insert(new Entity(Partition, "counter") { ["count"] = 0 }));

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(() => IncrementAsync(Increments), Cancellation)));

        Assert.Equal(Writers * Increments, (await Table.GetAsync(Key("counter"), Cancellation))!.GetInt64("count"));
    }

    [Fact]
    public async Task Of_inserts_that_race_for_one_key_exactly_one_is_first()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            number => Task.Run(() => WriteAsync(EntityWrite.Insert(Row("row", $"{number}"))), Cancellation)));

        var winner = Assert.Single(results.Index(), static result => result.Item.IsDone);
        Assert.Equal($"{winner.Index}", await ValueAsync("row"));
        Assert.Equal(7, results.Count(static result => result.Status == WriteStatus.Conflict));
    }

    [Fact]
    public async Task What_was_written_is_read_at_once()
    {
        for (var number = 0; number < 20; number++)
        {
            await WrittenAsync(EntityWrite.Put(Row("row", $"{number}")));
            Assert.Equal($"{number}", await ValueAsync("row"));
        }
    }

    private async Task IncrementAsync(int times)
    {
        for (var attempts = 0; times > 0; attempts++)
        {
            Assert.True(attempts < 10_000, "No replace gets through.");
            var counter = (await Table.GetAsync(Key("counter"), Cancellation))!;
            var next = new Entity(counter.Key) { ["count"] = counter.GetInt64("count")!.Value + 1 };
            var result = await WriteAsync(EntityWrite.Replace(next, counter.ETag));
            Assert.True(result.Status is WriteStatus.Done or WriteStatus.Stale, $"{result.Status}");
            if (result.IsDone)
                times--;
        }
    }
}
