using System.Runtime.CompilerServices;
using Azure;
using Azure.Core;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using EmailFunctions.Storage.AzureCore;

namespace EmailFunctions.Payloads.Blobs;

/// <summary>Payloads as block blobs of one container. It is made by the first of them, so that a start needs no call.</summary>
/// <param name="container">Made with <see cref="NewOptions"/>.</param>
internal sealed class BlobPayloadStore(BlobContainerClient container) : IPayloadStore
{
    private static readonly AzureService Service = new("blob storage", "Storage Blob Data Contributor");

    // One request up to here, far above the largest message: a payload is there as a whole or not at all.
    private static readonly StorageTransferOptions InOneRequest = new() { InitialTransferSize = 256 * 1024 * 1024 };

    /// <summary>How a client should be made: everything here may be sent again, but nobody waits for it long.</summary>
    public static BlobClientOptions NewOptions()
    {
        var options = new BlobClientOptions();
        options.Retry.Mode = RetryMode.Exponential;
        options.Retry.MaxRetries = 2;
        options.Retry.Delay = TimeSpan.FromMilliseconds(200);
        options.Retry.MaxDelay = TimeSpan.FromSeconds(1);
        // Of one try, which may carry 40 MB.
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(60);
        return options;
    }

    public Task PutAsync(PayloadName name, Stream content, CancellationToken cancellationToken) => Service.CallAsync(
        async () =>
        {
            try
            {
                return await UploadAsync(name, content, cancellationToken);
            }
            catch (RequestFailedException failure) when (failure.ErrorCode == BlobErrorCode.ContainerNotFound)
            {
                await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
                return await UploadAsync(name, content, cancellationToken);
            }
        },
        cancellationToken);

    public Task<Stream?> OpenAsync(PayloadName name, CancellationToken cancellationToken) => Service.CallAsync<Stream?>(
        async () =>
        {
            try
            {
                var answer = await BlobOf(name).DownloadStreamingAsync(cancellationToken: cancellationToken);
                return new BlobReadStream(answer.Value.Content, answer.Value.Details.ContentLength, Service);
            }
            catch (RequestFailedException failure) when (failure.ErrorCode == BlobErrorCode.BlobNotFound || failure.ErrorCode == BlobErrorCode.ContainerNotFound)
            {
                return null;
            }
        },
        cancellationToken);

    public Task DeleteAsync(PayloadName name, CancellationToken cancellationToken) =>
        Service.CallAsync(() => BlobOf(name).DeleteIfExistsAsync(cancellationToken: cancellationToken), cancellationToken);

    public async IAsyncEnumerable<PayloadName> ListAsync(DateTimeOffset before, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var pages = container.GetBlobsAsync(cancellationToken: cancellationToken).AsPages().GetAsyncEnumerator(cancellationToken);
        while (await Service.CallAsync(() => MoveNextAsync(pages), cancellationToken))
        {
            foreach (var blob in pages.Current.Values)
            {
                // What somebody else put there is no payload.
                if (BlobNames.TryRead(blob.Name) is { } name && blob.Properties.LastModified < before)
                    yield return name;
            }
        }
    }

    private static async Task<bool> MoveNextAsync(IAsyncEnumerator<Page<BlobItem>> pages)
    {
        try
        {
            return await pages.MoveNextAsync();
        }
        catch (RequestFailedException failure) when (failure.ErrorCode == BlobErrorCode.ContainerNotFound)
        {
            return false;
        }
    }

    private Task<Response<BlobContentInfo>> UploadAsync(PayloadName name, Stream content, CancellationToken cancellationToken)
    {
        content.Position = 0;
        return BlobOf(name).UploadAsync(content, new BlobUploadOptions { TransferOptions = InOneRequest }, cancellationToken);
    }

    private BlobClient BlobOf(PayloadName name) => container.GetBlobClient(BlobNames.Of(name));
}
