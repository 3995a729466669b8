using System.Net;
using Azure.Storage.Queues;
using EmailFunctions.Queueing;
using EmailFunctions.Queueing.StorageQueues;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace EmailFunctions.Tests.Queueing;

/// <summary>What Azurite never does, and times that can't be waited for.</summary>
public sealed class StorageQueueFaultTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ScriptedAzure _azure = new();
    private readonly StorageQueue _queue;

    public StorageQueueFaultTests()
    {
        var options = StorageQueue.NewOptions();
        options.Transport = _azure.Transport;
        _queue = new StorageQueue(
            new QueueClient(new Uri("https://account.queue.core.windows.net/mail"), new FakeCredential(), options), new FakeTimeProvider(Start));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _azure.Dispose();

    [Fact]
    public async Task A_message_whose_answer_was_lost_is_sent_again_since_a_copy_does_no_harm()
    {
        _azure.Answer(ScriptedAzure.Lost, Sent);

        await EnqueueAsync();

        Assert.Equal(2, _azure.Requests.Count);
    }

    [Fact]
    public async Task A_queue_that_stays_busy_is_unavailable_and_is_asked_three_times()
    {
        _azure.Answer(ScriptedAzure.Error(HttpStatusCode.ServiceUnavailable, "ServerBusy"));

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(EnqueueAsync);

        Assert.Contains("503 ServerBusy", failure.Message, StringComparison.Ordinal);
        Assert.Equal(3, _azure.Requests.Count);
    }

    [Fact]
    public async Task A_message_of_many_that_fails_fails_the_call()
    {
        var answers = Enumerable.Repeat<Func<HttpRequestMessage, HttpResponseMessage>>(Sent, 50).ToArray();
        answers[10] = ScriptedAzure.Error(HttpStatusCode.BadRequest, "OutOfRangeInput");
        _azure.Answer(answers);

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => _queue.EnqueueAsync([.. Enumerable.Repeat(new QueueMessage(new byte[1]), 50)], Cancellation));

        Assert.Contains("OutOfRangeInput", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, "InvalidAuthenticationInfo")]
    [InlineData(HttpStatusCode.Forbidden, "AuthorizationPermissionMismatch")]
    public async Task A_refused_identity_is_told_which_role_it_needs_and_no_more(HttpStatusCode status, string code)
    {
        _azure.Answer(ScriptedAzure.Error(status, code));

        foreach (var call in new Func<Task>[] { EnqueueAsync, () => _queue.ProbeAsync(Cancellation) })
        {
            var failure = await Assert.ThrowsAsync<StoreUnavailableException>(call);

            Assert.Contains($"{(int)status} {code}", failure.Message, StringComparison.Ordinal);
            Assert.Contains("Storage Queue Data Contributor", failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(ScriptedAzure.SecretText, failure.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(0, null)]
    [InlineData(0.001, "1")]
    [InlineData(1, "1")]
    [InlineData(1.001, "2")]
    [InlineData(86_400 * 7 - 60, "604740")]
    public async Task A_delay_is_rounded_up_to_whole_seconds(double seconds, string? sent)
    {
        _azure.Answer(Sent);

        await _queue.EnqueueAsync([new QueueMessage(new byte[1], Start.AddSeconds(seconds))], Cancellation);

        var query = Assert.Single(_azure.Requests).Query;
        Assert.Equal(sent, query.GetValueOrDefault("visibilitytimeout"));
        Assert.Equal("-1", query["messagettl"]);
    }

    private static HttpResponseMessage Sent(HttpRequestMessage request) => new(HttpStatusCode.Created)
    {
        Content = new StringContent(
            """
            <?xml version="1.0" encoding="utf-8"?><QueueMessagesList><QueueMessage><MessageId>1</MessageId>
            <InsertionTime>Wed, 01 Jan 2025 00:00:00 GMT</InsertionTime><ExpirationTime>Fri, 31 Dec 9999 23:59:59 GMT</ExpirationTime>
            <PopReceipt>1</PopReceipt><TimeNextVisible>Wed, 01 Jan 2025 00:00:00 GMT</TimeNextVisible></QueueMessage></QueueMessagesList>
            """),
    };

    private Task EnqueueAsync() => _queue.EnqueueAsync([new QueueMessage(new byte[1])], Cancellation);
}
