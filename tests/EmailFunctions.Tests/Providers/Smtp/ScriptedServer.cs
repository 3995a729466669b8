using System.Net.Sockets;
using System.Text;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>One connection of a server that says what a test tells it to, for what the sink does not do.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly TcpClient _client;
    private readonly NetworkStream _stream;
    private readonly CancellationToken _cancellationToken;
    private bool _hasSpoken;

    private ScriptedServer(TcpClient client, CancellationToken cancellationToken)
    {
        (_client, _cancellationToken) = (client, cancellationToken);
        _stream = client.GetStream();
    }

    public static async Task<ScriptedServer> AcceptAsync(TcpListener listener, CancellationToken cancellationToken) =>
        new(await listener.AcceptTcpClientAsync(cancellationToken), cancellationToken);

    /// <summary>Answers the commands that come, one reply each; the first reply is the greeting.</summary>
    public async Task SayAsync(params string[] replies)
    {
        foreach (var reply in replies)
        {
            if (_hasSpoken)
                await ReadLineAsync();
            _hasSpoken = true;
            await _stream.WriteAsync(Encoding.ASCII.GetBytes(reply + "\r\n"), _cancellationToken);
        }
    }

    public async Task<string> ReadLineAsync()
    {
        var line = new StringBuilder();
        var next = new byte[1];
        while (await _stream.ReadAsync(next, _cancellationToken) == 1 && next[0] != '\n')
            line.Append((char)next[0]);
        return line.ToString().TrimEnd('\r');
    }

    /// <summary>Reads so many bytes of content.</summary>
    public async Task ReadAsync(int bytes)
    {
        var buffer = new byte[64 * 1024];
        while (bytes > 0)
            bytes -= await ReadAsync(buffer.AsMemory(0, Math.Min(buffer.Length, bytes)));
    }

    /// <summary>Reads until the dot that ends the content; the next reply answers that.</summary>
    public async Task ReadToEndOfContentAsync()
    {
        var end = "\r\n.\r\n"u8.ToArray();
        var buffer = new byte[64 * 1024];
        for (byte[] tail = []; !tail.AsSpan().EndsWith(end);)
        {
            var count = await ReadAsync(buffer);
            tail = [.. tail.TakeLast(4), .. buffer.AsSpan(0, count)];
        }

        _hasSpoken = false;
    }

    private async Task<int> ReadAsync(Memory<byte> buffer)
    {
        var count = await _stream.ReadAsync(buffer, _cancellationToken);
        Assert.True(count > 0, "The client has closed the connection.");
        return count;
    }

    public void Dispose()
    {
        _stream.Dispose();
        _client.Dispose();
    }
}
