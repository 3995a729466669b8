using Azure.Storage.Blobs;
using EmailFunctions.Payloads;
using EmailFunctions.Payloads.Blobs;
using EmailFunctions.Tests.Support;
using EmailFunctions.Tests.Support.Azurite;

namespace EmailFunctions.Tests.Payloads;

public sealed class BlobPayloadStoreTests(AzuriteFixture azurite) : PayloadStoreContract, IAsyncLifetime
{
    private readonly RequestCounter _requests = new();
    private BlobServiceClient _service = null!;
    private IPayloadStore _store = null!;

    protected override IPayloadStore Store => _store;

    public async ValueTask InitializeAsync()
    {
        var options = BlobPayloadStore.NewOptions();
        options.Transport = _requests.Transport;
        _service = new BlobServiceClient((await azurite.GetAsync()).ConnectionString, options);
        _store = new BlobPayloadStore(_service.GetBlobContainerClient("contract"));
    }

    public ValueTask DisposeAsync()
    {
        _requests.Dispose();
        return default;
    }

    [Fact]
    public async Task A_container_that_is_not_there_yet_is_an_empty_one_and_is_not_made_by_that()
    {
        var container = NewContainer();
        var store = new BlobPayloadStore(container);

        Assert.Null(await store.OpenAsync(Name("a"), Cancellation));
        await store.DeleteAsync(Name("a"), Cancellation);
        await foreach (var name in store.ListAsync(DateTimeOffset.MaxValue, Cancellation))
            Assert.Fail($"{name} is not there.");
        Assert.False(await container.ExistsAsync(Cancellation));
    }

    [Fact]
    public async Task The_first_payloads_make_the_container_even_if_there_are_several_at_once()
    {
        var store = new BlobPayloadStore(NewContainer());

        await Task.WhenAll(Enumerable.Range(0, 4).Select(number => store.PutAsync(Name($"{number}"), Content(number + 1), Cancellation)));

        await using var stream = await store.OpenAsync(Name("3"), Cancellation);
        Assert.Equal(4, stream!.Length);
    }

    [Fact]
    public async Task Blobs_that_are_no_payloads_are_not_listed()
    {
        var container = NewContainer();
        var store = new BlobPayloadStore(container);
        await store.PutAsync(Name("a"), Content(1), Cancellation);
        foreach (var blob in new[] { "alone", $"{Owner}/a/b", $"{Owner}/.hidden", $"{Owner}/" })
            await container.UploadBlobAsync(blob, BinaryData.FromString("x"), Cancellation);

        var names = new List<PayloadName>();
        await foreach (var name in store.ListAsync(DateTimeOffset.MaxValue, Cancellation))
            names.Add(name);

        Assert.Equal([Name("a")], names);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30 * 1024 * 1024)]
    public async Task Each_operation_is_one_request_whatever_the_length(int length)
    {
        await Store.PutAsync(Name("a"), Content(1), Cancellation);

        Assert.Equal(1, await CountAsync(() => Store.PutAsync(Name("a"), Content(length), Cancellation)));
        Assert.Equal(1, await CountAsync(() => ReadAsync(Name("a"))));
        Assert.Equal(1, await CountAsync(() => Store.OpenAsync(Name("missing"), Cancellation)));
        Assert.Equal(1, await CountAsync(() => Store.DeleteAsync(Name("a"), Cancellation)));
        Assert.Equal(1, await CountAsync(() => Store.DeleteAsync(Name("a"), Cancellation)));
    }

    private async Task<int> CountAsync(Func<Task> call)
    {
        var before = _requests.Count;
        await call();
        return _requests.Count - before;
    }

    private BlobContainerClient NewContainer() => _service.GetBlobContainerClient($"c{Guid.NewGuid():N}");
}
