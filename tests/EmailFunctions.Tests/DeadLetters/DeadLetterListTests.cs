using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.DeadLetters;

public sealed class DeadLetterListTests
{
    [Fact]
    public async Task A_dead_letter_is_listed_with_what_happened_and_nothing_of_what_it_says()
    {
        await using var dead = new DeadBench();
        var id = await dead.DieAsync();
        var died = dead.Bench.Clock.GetUtcNow();

        var page = await dead.ListAsync();

        var letter = Assert.Single(page["dead_letters"]!.AsArray())!.AsObject();
        Assert.Equal(
            ["attempts", "created_at", "dead_since", "error_category", "message_id", "provider", "provider_answer", "reason", "recipient_count", "tenant_id"],
            letter.Select(static pair => pair.Key).Order());
        Assert.Equal((id.ToString(), "acme", 1, 1), (letter["message_id"]!.GetValue<string>(), letter["tenant_id"]!.GetValue<string>(), letter["attempts"]!.GetValue<int>(), letter["recipient_count"]!.GetValue<int>()));
        Assert.Equal(("network", "file", "no route"), (letter["error_category"]!.GetValue<string>(), letter["provider"]!.GetValue<string>(), letter["provider_answer"]!.GetValue<string>()));
        Assert.Equal(died, letter["dead_since"]!.GetValue<DateTimeOffset>());
        Assert.Equal((null, false, 50), (page["next_cursor"], page["has_more"]!.GetValue<bool>(), page["limit"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Pages_go_through_all_tenants_and_name_each_letter_once_although_some_go_meanwhile()
    {
        await using var dead = new DeadBench();
        var expected = new List<string>();
        foreach (var tenant in new[] { "acme", "beta", "gamma" })
        {
            for (var number = 0; number < 3; number++)
                expected.Add((await dead.DieAsync(tenant)).ToString());
        }

        var listed = new List<string>();
        string? cursor = null;
        do
        {
            var page = await dead.ListAsync($"?limit=2{(cursor is null ? "" : "&cursor=" + cursor)}");
            listed.AddRange(DeadBench.Ids(page));
            // What was on the page is gone before the next one is read.
            Assert.Equal(204, (int)await dead.CallAsync(HttpMethod.Delete, $"{DeadBench.Path}/{listed[^1]}"));
            Assert.Equal(page["next_cursor"] is not null, page["has_more"]!.GetValue<bool>());
            cursor = page["next_cursor"]?.GetValue<string>();
        }
        while (cursor is not null);

        Assert.Equal(expected, listed);
    }

    [Fact]
    public async Task Filters_choose_by_tenant_category_provider_and_time()
    {
        await using var dead = new DeadBench();
        var first = (await dead.DieAsync(category: ErrorCategory.Timeout)).ToString();
        dead.Bench.Clock.Advance(TimeSpan.FromDays(1));
        var second = (await dead.DieAsync()).ToString();
        var third = (await dead.DieAsync("beta")).ToString();

        Assert.Equal([third], DeadBench.Ids(await dead.ListAsync("?tenant_id=beta")));
        Assert.Equal([first], DeadBench.Ids(await dead.ListAsync("?error_category=timeout")));
        Assert.Equal([second, third], DeadBench.Ids(await dead.ListAsync("?from=2026-11-25")));
        Assert.Equal([first], DeadBench.Ids(await dead.ListAsync("?to=2026-11-24")));
        Assert.Equal([first, second], DeadBench.Ids(await dead.ListAsync("?provider=file&tenant_id=acme&to=2026-11-25")));
        Assert.Empty(DeadBench.Ids(await dead.ListAsync("?provider=smtp")));
        Assert.Empty(DeadBench.Ids(await dead.ListAsync("?from=2026-11-24T11:00:00Z&to=2026-11-24T12:00:00Z")));
    }

    [Fact]
    public async Task What_is_sent_is_no_dead_letter()
    {
        await using var dead = new DeadBench();
        await dead.Bench.DispatchAsync(await dead.Bench.AcceptAsync());

        Assert.Empty(DeadBench.Ids(await dead.ListAsync()));
    }

    [Fact]
    public async Task A_list_reads_the_letters_of_its_page_and_no_others()
    {
        await using var dead = new DeadBench();
        for (var number = 0; number < 10; number++)
            await dead.DieAsync();
        dead.Bench.Table.ResetCounts();

        await dead.ListAsync("?limit=3");

        Assert.Equal((3, 2, 0), (dead.Bench.Table.Reads, dead.Bench.Table.Queries, dead.Bench.Table.Writes));
    }

    [Fact]
    public async Task A_search_for_what_is_rare_ends_after_so_many_looks_and_goes_on_by_its_cursor()
    {
        await using var dead = new DeadBench();
        var template = await dead.Bench.ReadAsync(await dead.DieAsync());
        var writes = new List<EntityWrite>();
        for (var number = 0; number < 2_100; number++)
        {
            var id = MessageId.New(DeliveryBench.Tenant, dead.Bench.Clock.GetUtcNow());
            writes.AddRange(Ledger.Enter(template with { Id = id, ETag = null }));
        }

        foreach (var chunk in writes.Chunk(100))
            await dead.Bench.Table.WriteAsync(chunk, TestContext.Current.CancellationToken);
        dead.Bench.Clock.Advance(TimeSpan.FromSeconds(1));
        var rare = (await dead.DieAsync(category: ErrorCategory.Quota)).ToString();

        var first = await dead.ListAsync("?error_category=quota");
        var second = await dead.ListAsync("?error_category=quota&cursor=" + first["next_cursor"]!.GetValue<string>());

        Assert.Empty(DeadBench.Ids(first));
        Assert.Equal([rare], DeadBench.Ids(second));
    }
}
