using System.Collections.Concurrent;
using System.Diagnostics;
using EmailFunctions.Messages;
using EmailFunctions.Sending;
using EmailFunctions.Telemetry;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Telemetry;

/// <summary>The spans that follow a message after the request that brought it.</summary>
public sealed class MessageSpanTests : IDisposable
{
    private const string TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private readonly ConcurrentQueue<Activity> _ended = [];
    private readonly ActivityListener _listener;

    public MessageSpanTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == EmailMeter.Name,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_message_that_waits_for_its_slot_is_sent_within_the_trace_that_brought_it()
    {
        await using var bench = new DeliveryBench();
        await bench.ConfigureAsync("""{"provider_type":"file","from_email":"a@example.com","rate_limit_per_minute":1}""");
        await bench.DispatchAsync(await bench.AcceptAsync());
        var id = await AcceptAsync(bench, TraceParent);
        await bench.DispatchAsync(id);
        Assert.Equal(MessageStatus.Deferred, (await bench.ReadAsync(id)).Status);

        await bench.RunQueueAsync(TimeSpan.FromMinutes(5));

        var process = SpanOf(id);
        Assert.Equal(("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"), (process.TraceId.ToHexString(), process.ParentSpanId.ToHexString()));
        Assert.Equal(ActivityKind.Consumer, process.Kind);
        Assert.Single(_ended, span => span.ParentSpanId == process.SpanId && span.DisplayName == "send file");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("00-nonsense-01")]
    public async Task A_message_without_a_trace_has_its_own_and_not_that_of_the_call_that_delivers_it(string? traceParent)
    {
        await using var bench = new DeliveryBench();
        var id = await AcceptAsync(bench, traceParent);
        using var call = new Activity("the host's call").Start();

        await bench.DispatchAsync(id);

        var process = SpanOf(id);
        Assert.NotEqual(call.TraceId, process.TraceId);
        Assert.Equal(default, process.ParentSpanId);
        Assert.Equal(call.Context, Assert.Single(process.Links).Context);
        Assert.Same(call, Activity.Current);
    }

    // Others that run beside have spans of the same source.
    private Activity SpanOf(MessageId id) => Assert.Single(_ended, span => Equals(span.GetTagItem("messaging.message.id"), id.ToString()));

    private static async Task<MessageId> AcceptAsync(DeliveryBench bench, string? traceParent)
    {
        var content = new EmailContent { To = ["a@example.com"], Subject = "s", Text = "b" };
        var accepted = await bench.Get<MessageAcceptor>().AcceptAsync(new Submission(DeliveryBench.Tenant, content, null, traceParent), TestContext.Current.CancellationToken);
        return MessageId.TryParse(accepted.MessageId, out var id) ? id : throw new InvalidOperationException();
    }
}
