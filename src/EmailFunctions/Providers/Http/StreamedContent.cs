using System.Net;

namespace EmailFunctions.Providers.Http;

/// <summary>A body that is written while it is sent, and that knows how far it came.</summary>
/// <param name="length">How many bytes are written.</param>
/// <param name="write">Writes them.</param>
internal sealed class StreamedContent(long length, Func<Stream, CancellationToken, Task> write) : HttpContent
{
    private bool _begun;

    /// <summary>The last byte has left this process: without an answer it is unknown whether the vendor has the message.</summary>
    public bool HandedOver { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // Whatever the client thinks of a connection that broke: nothing goes out twice.
        if (_begun)
            throw new IOException("A body is sent only once.");
        _begun = true;
        await write(stream, cancellationToken);
        // What lies in a buffer is not handed over yet.
        await stream.FlushAsync(cancellationToken);
        HandedOver = true;
    }

    protected override bool TryComputeLength(out long bytes)
    {
        bytes = length;
        return true;
    }
}
