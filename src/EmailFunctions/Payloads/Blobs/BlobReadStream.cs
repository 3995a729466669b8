using EmailFunctions.Spooling;
using EmailFunctions.Storage.AzureCore;

namespace EmailFunctions.Payloads.Blobs;

/// <summary>A blob's content on its way here: it knows its length, and fails as the port says.</summary>
internal sealed class BlobReadStream(Stream content, long length, AzureService service) : ForwardStream
{
    public override long Length => length;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await content.ReadAsync(buffer, cancellationToken);
            Advance(read);
            return read;
        }
        catch (Exception exception) when (AzureService.IsFailure(exception, cancellationToken))
        {
            throw service.Explain(exception);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            content.Dispose();
        base.Dispose(disposing);
    }
}
