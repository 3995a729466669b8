using System.Net;
using Azure.Storage.Blobs;
using EmailFunctions.Payloads;
using EmailFunctions.Payloads.Blobs;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Payloads;

/// <summary>What Azurite never does: be busy, say no, stop half-way.</summary>
public sealed class BlobPayloadStoreFaultTests : IDisposable
{
    private static readonly PayloadName Name = new("owner", "id");

    private readonly ScriptedAzure _azure = new();
    private readonly BlobPayloadStore _store;

    public BlobPayloadStoreFaultTests()
    {
        var options = BlobPayloadStore.NewOptions();
        options.Transport = _azure.Transport;
        _store = new BlobPayloadStore(new BlobContainerClient(new Uri("https://account.blob.core.windows.net/mail"), new FakeCredential(), options));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Dictionary<string, Func<Task>> Calls => new()
    {
        ["put"] = () => _store.PutAsync(Name, new byte[10], Cancellation),
        ["open"] = () => _store.OpenAsync(Name, Cancellation),
        ["delete"] = () => _store.DeleteAsync(Name, Cancellation),
        ["list"] = async () =>
        {
            await foreach (var _ in _store.ListAsync(DateTimeOffset.MaxValue, Cancellation))
            {
            }
        },
    };

    public void Dispose() => _azure.Dispose();

    [Theory]
    [InlineData("put")]
    [InlineData("open")]
    [InlineData("delete")]
    [InlineData("list")]
    public async Task A_store_that_stays_busy_is_unavailable_and_is_asked_three_times(string call)
    {
        _azure.Answer(ScriptedAzure.Error(HttpStatusCode.ServiceUnavailable, "ServerBusy"));

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(Calls[call]);

        Assert.Contains("503 ServerBusy", failure.Message, StringComparison.Ordinal);
        Assert.Equal(3, _azure.Requests.Count);
    }

    [Theory]
    [InlineData("put")]
    [InlineData("open")]
    [InlineData("delete")]
    [InlineData("list")]
    public async Task A_refused_identity_is_told_which_role_it_needs_and_no_more(string call)
    {
        _azure.Answer(ScriptedAzure.Error(HttpStatusCode.Forbidden, "AuthorizationPermissionMismatch"));

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(Calls[call]);

        Assert.Contains("403 AuthorizationPermissionMismatch", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Storage Blob Data Contributor", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(ScriptedAzure.SecretText, failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_that_breaks_off_goes_on_where_it_was()
    {
        _azure.Answer(Content(from: 0, bytes: 60), Content(from: 60, bytes: 40));
        await using var stream = await _store.OpenAsync(Name, Cancellation);
        var read = new byte[100];

        await stream!.ReadExactlyAsync(read, Cancellation);

        Assert.Equal(Enumerable.Range(0, 100).Select(static number => (byte)number), read);
        Assert.Equal(2, _azure.Requests.Count);
    }

    [Fact]
    public async Task A_read_that_breaks_off_for_good_makes_the_store_unavailable()
    {
        _azure.Answer(Content(from: 0, bytes: 60), ScriptedAzure.Lost);
        await using var stream = await _store.OpenAsync(Name, Cancellation);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => stream!.ReadExactlyAsync(new byte[100], Cancellation).AsTask());
    }

    // Of a blob of 100 bytes: those from one place on, and an end of the connection where some of them are still missing.
    private static Func<HttpRequestMessage, HttpResponseMessage> Content(int from, int bytes) => _ =>
    {
        var content = new StreamContent(new BrokenStream([.. Enumerable.Range(from, bytes).Select(static number => (byte)number)]));
        content.Headers.ContentLength = 100 - from;
        content.Headers.ContentRange = new System.Net.Http.Headers.ContentRangeHeaderValue(from, 99, 100);
        content.Headers.LastModified = DateTimeOffset.UnixEpoch;
        var answer = new HttpResponseMessage(from == 0 ? HttpStatusCode.OK : HttpStatusCode.PartialContent) { Content = content };
        answer.Headers.TryAddWithoutValidation("ETag", "\"0x1\"");
        answer.Headers.Add("x-ms-blob-type", "BlockBlob");
        return answer;
    };

    private sealed class BrokenStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await base.ReadAsync(buffer, cancellationToken) is var read and > 0 ? read : throw new IOException("The connection was reset.");

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }
}
