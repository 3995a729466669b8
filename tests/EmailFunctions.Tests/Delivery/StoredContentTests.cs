using System.Net;
using System.Text;
using EmailFunctions.Ingest;
using EmailFunctions.Keys;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Sending;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery;

/// <summary>What a message that is not sent yet leaves in the store, and what becomes of it while its tenant's key can't be used.</summary>
public sealed class StoredContentTests
{
    private const string Address = "somebody@example.com";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("queued")]
    [InlineData("deferred")]
    [InlineData("held")]
    [InlineData("dead_lettered")]
    [InlineData("parked")]
    public async Task No_row_says_to_whom_it_goes_or_what_it_says(string state)
    {
        await using var bench = new DeliveryBench(new Dictionary<string, string> { ["EMAIL_RETRY_MAX_ATTEMPTS"] = state == "dead_lettered" ? "1" : "5", ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "0" });
        bench.Provider.Answer = _ => state == "held" ? SendResult.Failed(SendStatus.Misconfigured, ErrorCategory.Auth, "no such user") : SendResult.Failed(SendStatus.Transient, ErrorCategory.Network, "no route");
        var mail = $$"""{"tenant_id":"acme","to":["{{Address}}"],"subject":"About you","body":"Dear you","headers":{"X-About":"you know"},"metadata":{"customer":"you there"},"tags":["yours"]}""";
        if (state == "parked")
        {
            await bench.Get<IngestFunction>().RunAsync(new Delivered(Encoding.UTF8.GetBytes(mail.Replace("\"body\"", "\"boddy\"", StringComparison.Ordinal)), $"name of {Address}", null), Cancellation);
        }
        else
        {
            var id = (await bench.SendAsync(mail)).Id;
            if (state != "queued")
                await bench.DispatchAsync(id);
        }

        var owner = state == "parked" ? TenantId.System : DeliveryBench.Tenant;
        var rows = (await bench.Table.QueryAsync(EntityQuery.Prefix(owner.Partition, ""), Cancellation)).Entities;

        var row = Assert.Single(rows, static row => row.Key.Row.StartsWith("msg-", StringComparison.Ordinal));
        Assert.NotNull(row.GetBytes("payload"));
        Assert.Equal(state switch { "held" => "deferred", "parked" => "dead_lettered", _ => state }, row.GetString("status"));
        foreach (var text in (string[])[Address, "somebody", "About you", "Dear you", "you know", "you there", "yours"])
        {
            Assert.All(rows.SelectMany(static each => each.Properties), pair => Assert.False(Holds(pair.Value, text), $"{pair.Key} holds {text}"));
            Assert.All(rows, each => Assert.DoesNotContain(text, each.Key.Row, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public async Task While_the_tenants_key_can_not_be_used_its_mail_waits_and_after_that_it_is_sent(int bytes)
    {
        await using var bench = new DeliveryBench();
        var id = await bench.AcceptAsync(bodyBytes: bytes);
        var row = Assert.Single(await bench.RowsAsync("content-key"));
        await PutKeyAsync(bench, row, static wrapped => [.. wrapped.Reverse()]);

        await bench.DispatchAsync(id);

        var waiting = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Deferred, "provider", 0), (waiting.Status, waiting.Reason, waiting.Failures));
        Assert.Empty(bench.Provider.Given);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await bench.SendAsync(SendingCalls.Message())).Status);
        Assert.Equal(503, Assert.Single(await bench.SendBatchAsync(SendingCalls.Message()))["error"]!["status"]!.GetValue<int>());
        Assert.Single(await bench.RowsAsync("msg-"));

        await PutKeyAsync(bench, row, static wrapped => wrapped);
        await bench.RunQueueAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
        Assert.Single(bench.Provider.Given);
    }

    [Fact]
    public async Task Mail_whose_key_was_dropped_fails_since_nobody_can_read_it_any_more()
    {
        await using var bench = new DeliveryBench();
        var id = await bench.AcceptAsync();

        await bench.Get<ContentKeys>().DropAsync(DeliveryBench.Tenant, Cancellation);
        await bench.DispatchAsync(id);

        var failed = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Failed, "content"), (failed.Status, failed.ErrorCategory));
        Assert.Equal("The key of the message's content was dropped.", failed.ProviderAnswer);
        Assert.Empty(bench.Provider.Given);
    }

    // Past the time for which the key is kept.
    private static async Task PutKeyAsync(DeliveryBench bench, Entity row, Func<byte[], byte[]> change)
    {
        var changed = new Entity(row.Key);
        foreach (var (name, value) in row.Properties)
            changed[name] = value;
        changed["wrapped_key"] = change(row.GetBytes("wrapped_key")!);
        Assert.True((await bench.Table.WriteAsync([EntityWrite.Put(changed)], Cancellation)).IsDone);
        bench.Clock.Advance(DataKeyCache.Lifetime);
    }

    private static bool Holds(object value, string text) => value switch
    {
        string held => held.Contains(text, StringComparison.OrdinalIgnoreCase),
        byte[] held => held.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0,
        _ => false,
    };
}
