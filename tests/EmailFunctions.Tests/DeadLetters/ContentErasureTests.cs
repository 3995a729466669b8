using System.Net;
using System.Text;
using EmailFunctions.Audit;
using EmailFunctions.Ingest;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Storage;
using EmailFunctions.Sweeps;
using EmailFunctions.Tests.Audit;
using EmailFunctions.Tests.Sending;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.DeadLetters;

/// <summary>What erasing recipients does to mail that names them.</summary>
public sealed class ContentErasureTests
{
    private const string Path = "/api/v1/email/configs/acme/audit-logs/recipients";
    private const string Gone = "gone@example.com";
    private const string Stays = "stays@example.com";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public async Task Dead_and_held_mail_to_the_recipient_ends_without_its_content_and_other_mail_stays(int bytes)
    {
        await using var bench = NewBench();
        var (dead, held) = (await DieAsync(bench, "acme", bytes, Stays, "Gone@Example.com"), await HoldAsync(bench, "acme", bytes, Gone));
        LedgerEntry[] others = [await bench.ReadAsync(await DieAsync(bench, "acme", bytes, Stays)), await bench.ReadAsync(await HoldAsync(bench, "acme", bytes, Stays)), await bench.ReadAsync(await DieAsync(bench, "bravo", bytes, Gone))];

        await EraseAsync(bench, Gone);

        Assert.True((await bench.Erasure().RunAsync(Cancellation)).IsComplete);
        await AssertEndedAsync(bench, dead, MessageStatus.Failed);
        await AssertEndedAsync(bench, held, MessageStatus.Cancelled);
        foreach (var other in others)
            Assert.Equal(other.ETag, (await bench.ReadAsync(other.Id)).ETag);
        Assert.Equal(bytes > MessagePayloads.MaxRowBytes ? 3 : 0, Directory.GetFiles(bench.PayloadFolder, "*", SearchOption.AllDirectories).Length);
        Assert.Equal(new SweepRun(0, true), await bench.Erasure().RunAsync(Cancellation));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Mail_that_waits_goes_on_unless_it_is_to_be_cancelled(bool cancels)
    {
        await using var bench = NewBench();
        MessageId[] waiting = [(await bench.SendAsync(Mail("acme", 10, Gone))).Id, (await bench.SendAsync(Mail("acme", 10, Gone, "\"send_at\":\"2027-01-01T00:00:00Z\""))).Id];
        var other = (await bench.SendAsync(Mail("acme", 10, Stays))).Id;

        await EraseAsync(bench, Gone, cancels);
        await bench.Erasure().RunAsync(Cancellation);

        foreach (var id in waiting)
        {
            if (cancels)
                await AssertEndedAsync(bench, id, MessageStatus.Cancelled);
            else
                Assert.NotNull((await bench.ReadAsync(id)).Payload);
        }

        Assert.Equal(MessageStatus.Queued, (await bench.ReadAsync(other)).Status);
    }

    [Fact]
    public async Task Those_in_line_for_a_limit_are_cancelled_too_and_leave_it()
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "1" });
        foreach (var to in (string[])[Stays, Gone])
            await bench.DispatchAsync((await bench.SendAsync(Mail("acme", 10, to))).Id);
        Assert.Single(await bench.RowsAsync("line-"));

        await EraseAsync(bench, Gone, cancels: true);
        Assert.Equal(new SweepRun(1, true), await bench.Erasure().RunAsync(Cancellation));

        Assert.Empty(await bench.RowsAsync("line-"));
        await bench.RunQueueAsync(TimeSpan.FromMinutes(3));
        Assert.Single(bench.Provider.Given);
    }

    [Fact]
    public async Task A_parked_message_goes_whose_tenant_and_recipient_it_names()
    {
        await using var bench = NewBench();
        foreach (var (tenant, to) in (IEnumerable<(string, string)>)[("acme", Gone), ("acme", Stays), ("bravo", Gone)])
            await ParkAsync(bench, $$"""{"tenant_id":"{{tenant}}","to":["Somebody <{{to}}>"],"boddy":""}""");
        await ParkAsync(bench, $"no json, but {Gone}");

        await EraseAsync(bench, Gone);
        Assert.Equal(new SweepRun(1, true), await bench.Erasure().RunAsync(Cancellation));

        Assert.Equal(3, await CountParkedAsync(bench));
        await EraseAsync(bench, Gone, tenant: "system");
        Assert.Equal(new SweepRun(1, true), await bench.Erasure().RunAsync(Cancellation));
        Assert.Equal(2, await CountParkedAsync(bench));
    }

    [Fact]
    public async Task Erasing_all_ends_all_dead_and_held_mail_of_the_tenant_and_lets_go_on_what_waits()
    {
        await using var bench = NewBench();
        var (dead, held) = (await DieAsync(bench, "acme", 100_000, Stays), await HoldAsync(bench, "acme", 10, Gone));
        var foreign = await DieAsync(bench, "bravo", 10, Gone);
        var waiting = (await bench.SendAsync(Mail("acme", 10, Stays))).Id;
        await ParkAsync(bench, """{"tenant_id":"acme","nonsense":1}""");
        await ParkAsync(bench, """{"tenant_id":"bravo","nonsense":1}""");

        await bench.Client.MustAsync(HttpMethod.Delete, Path, "");
        Assert.Equal(new SweepRun(3, true), await bench.Erasure().RunAsync(Cancellation));

        await AssertEndedAsync(bench, dead, MessageStatus.Failed);
        await AssertEndedAsync(bench, held, MessageStatus.Cancelled);
        Assert.Equal((MessageStatus.DeadLettered, MessageStatus.Queued), ((await bench.ReadAsync(foreign)).Status, (await bench.ReadAsync(waiting)).Status));
        Assert.Equal(1, await CountParkedAsync(bench));
        bench.Provider.Answer = static _ => SendResult.Sent("taken");
        await bench.DispatchAsync(waiting);
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(waiting)).Status);
    }

    [Fact]
    public async Task Erasing_all_cancels_what_waits_where_that_is_asked_for()
    {
        await using var bench = NewBench();
        var waiting = (await bench.SendAsync(Mail("acme", 10, Stays))).Id;

        using var wrong = await bench.Client.DeleteAsync(new Uri(Path + "?cancel_waiting=yes", UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        await bench.Client.MustAsync(HttpMethod.Delete, Path + "?cancel_waiting=true", "");
        await bench.Erasure().RunAsync(Cancellation);

        await AssertEndedAsync(bench, waiting, MessageStatus.Cancelled);
    }

    [Fact]
    public async Task A_run_reads_a_bounded_number_of_messages_and_another_process_goes_on_behind_them()
    {
        await using var bench = NewBench();
        var template = await bench.ReadAsync(await DieAsync(bench, "acme", 10, Gone));
        // Their contents are another message's, which nobody can decrypt as theirs: they name nobody.
        var writes = Enumerable.Range(1, AuditErasureSweep.MaxLooks).SelectMany(number => Ledger.Enter(
            template with { Id = MessageId.New(template.Id.Tenant, bench.Clock.GetUtcNow()), UpdatedAt = template.UpdatedAt.AddSeconds(-number), ETag = null }));
        foreach (var chunk in writes.Chunk(100))
            await bench.Table.WriteAsync(chunk, Cancellation);
        await EraseAsync(bench, Gone);

        // The row of the audit is erased at once.
        Assert.Equal(new SweepRun(1, false), await bench.Erasure().RunAsync(Cancellation));
        bench.Table.ResetCounts();
        Assert.Equal(new SweepRun(1, true), await bench.Erasure().RunAsync(Cancellation));

        Assert.InRange(bench.Table.Reads, 1, 5);
        await AssertEndedAsync(bench, template.Id, MessageStatus.Failed);
    }

    [Fact]
    public async Task A_tenant_whose_key_can_not_be_used_waits_and_keeps_no_other_waiting()
    {
        await using var bench = NewBench();
        var (dead, foreign) = (await DieAsync(bench, "acme", 10, Gone), await DieAsync(bench, "bravo", 10, Gone));
        var row = Assert.Single(await bench.RowsAsync("content-key"));
        await PutAsync(bench, row, "another");
        bench.Clock.Advance(TimeSpan.FromMinutes(5));
        await EraseAsync(bench, Gone);
        await EraseAsync(bench, Gone, tenant: "bravo");

        // With a row of the audit of each.
        Assert.Equal(new SweepRun(1 + 2, true), await bench.Erasure().RunAsync(Cancellation));

        await AssertEndedAsync(bench, foreign, MessageStatus.Failed);
        Assert.Equal(MessageStatus.DeadLettered, (await bench.ReadAsync(dead)).Status);
        await PutAsync(bench, row, row.GetString("key_id")!);
        bench.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(new SweepRun(1, true), await bench.Erasure().RunAsync(Cancellation));
        await AssertEndedAsync(bench, dead, MessageStatus.Failed);
    }

    private static DeliveryBench NewBench() => new(new Dictionary<string, string> { ["EMAIL_RETRY_MAX_ATTEMPTS"] = "1", ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "0" });

    private static Task<MessageId> DieAsync(DeliveryBench bench, string tenant, int bytes, params string[] to) =>
        FailAsync(bench, SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "no route"), MessageStatus.DeadLettered, Mail(tenant, bytes, string.Join("\",\"", to)));

    private static Task<MessageId> HoldAsync(DeliveryBench bench, string tenant, int bytes, string to) =>
        FailAsync(bench, SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Auth, "no such user"), MessageStatus.Deferred, Mail(tenant, bytes, to));

    private static async Task<MessageId> FailAsync(DeliveryBench bench, SendResult answer, MessageStatus status, string mail)
    {
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        bench.Provider.Answer = _ => answer;
        var id = (await bench.SendAsync(mail)).Id;
        await bench.DispatchAsync(id);
        Assert.Equal(status, (await bench.ReadAsync(id)).Status);
        return id;
    }

    private static string Mail(string tenant, int bytes, string to, string further = "") =>
        $$"""{"tenant_id":"{{tenant}}","to":["{{to}}"],"subject":"Hello","body":"{{new string('x', bytes)}}"{{(further.Length == 0 ? "" : "," + further)}}}""";

    private static Task EraseAsync(DeliveryBench bench, string address, bool cancels = false, string tenant = "acme") =>
        bench.Client.MustAsync(HttpMethod.Post, Path.Replace("acme", tenant, StringComparison.Ordinal) + "/erase", $$"""{"recipient":"{{address}}","cancel_waiting":{{(cancels ? "true" : "false")}}}""");

    private static Task ParkAsync(DeliveryBench bench, string body) =>
        bench.Get<IngestFunction>().RunAsync(new Delivered(Encoding.UTF8.GetBytes(body), $"{Guid.NewGuid():N}", null), Cancellation);

    private static async Task<int> CountParkedAsync(DeliveryBench bench) =>
        (await bench.Table.QueryAsync(EntityQuery.Prefix("t-system", "dead-"), Cancellation)).Entities.Count;

    private static async Task PutAsync(DeliveryBench bench, Entity row, string keyId)
    {
        var changed = new Entity(row.Key);
        foreach (var (name, value) in row.Properties)
            changed[name] = value;
        changed["key_id"] = keyId;
        Assert.True((await bench.Table.WriteAsync([EntityWrite.Put(changed)], Cancellation)).IsDone);
    }

    private static async Task AssertEndedAsync(DeliveryBench bench, MessageId id, MessageStatus status)
    {
        var entry = await bench.ReadAsync(id);
        Assert.Equal((status, "erased"), (entry.Status, entry.Reason));
        Assert.Equal((null, false, false), (entry.Payload, entry.PayloadStored, entry.IsHeld));
        Assert.Equal(status.Name(), entry.History[^1].Status);
    }
}
