using System.Buffers.Text;
using System.Net.Sockets;

namespace EmailFunctions.Load;

/// <summary>
/// One kept HTTP/1.1 connection that posts prepared requests and reads what is answered, and does no more: what the load costs is
/// taken from the same cores as the service, and is not the service's cost. One request at a time: what comes after it is its answer.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private const int MaxAnswer = 16 * 1024;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _answer = new byte[MaxAnswer];

    private static ReadOnlySpan<byte> HeadersEnd => "\r\n\r\n"u8;

    // RFC 9112 section 7.1: the chunk that ends a body, without trailers.
    private static ReadOnlySpan<byte> LastChunk => "\r\n0\r\n\r\n"u8;

    private static ReadOnlySpan<byte> Chunked => "\r\nTransfer-Encoding: chunked"u8;

    private static ReadOnlySpan<byte> ContentLength => "\r\nContent-Length: "u8;

    public static async Task<HttpConnection> ConnectAsync(Uri address)
    {
        var connection = new HttpConnection();
        await connection._socket.ConnectAsync(address.Host, address.Port);
        return connection;
    }

    /// <summary>Sends a whole request and waits for the whole answer.</summary>
    /// <returns>The answer's bytes, until the next call.</returns>
    /// <exception cref="SocketException">The connection is gone.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> request)
    {
        for (var sent = 0; sent < request.Length;)
            sent += await _socket.SendAsync(request[sent..]);
        var length = 0;
        do
        {
            if (length == _answer.Length)
                throw new LoadException("An answer is longer than any that is expected.");
            var read = await _socket.ReceiveAsync(_answer.AsMemory(length));
            if (read == 0)
                throw new LoadException("The service closed a connection.");
            length += read;
        }
        while (!IsWhole(_answer.AsSpan(0, length)));
        return _answer.AsMemory(0, length);
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf(HeadersEnd);
        if (head < 0)
            return false;
        var headers = answer[..(head + 2)];
        if (headers.IndexOf(Chunked) >= 0)
            return answer.EndsWith(LastChunk);
        var field = headers.IndexOf(ContentLength);
        if (field < 0 || !Utf8Parser.TryParse(answer[(field + ContentLength.Length)..], out int body, out _))
            throw new LoadException("An answer does not tell its length.");
        return answer.Length >= head + HeadersEnd.Length + body;
    }
}
