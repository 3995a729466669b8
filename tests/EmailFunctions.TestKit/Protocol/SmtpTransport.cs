using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Unicode;

namespace EmailFunctions.TestKit.Protocol;

/// <summary>
/// The bytes of one connection: reads lines and message content, gathers replies. Replies are sent when nothing
/// more can be read without waiting, so commands that came in one packet are answered in one.
/// </summary>
internal sealed class SmtpTransport : IAsyncDisposable
{
    private const int MaxLineBytes = 16 * 1024;

    private static readonly StreamPipeReaderOptions ReaderOptions =
        new(bufferSize: 32 * 1024, minimumReadSize: 4 * 1024, leaveOpen: true);

    private static readonly StreamPipeWriterOptions WriterOptions = new(leaveOpen: true);

    private readonly CancellationToken _cancellation;
    private Stream _stream;
    private PipeReader _reader;
    private PipeWriter _writer;

    public SmtpTransport(Socket socket, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _stream = new NetworkStream(socket, ownsSocket: false);
        _reader = PipeReader.Create(_stream, ReaderOptions);
        _writer = PipeWriter.Create(_stream, WriterOptions);
    }

    public bool Encrypted { get; private set; }

    /// <summary>Adds a reply line to what goes out with the next flush.</summary>
    /// <param name="line">The line without its end.</param>
    public void Write(string line)
    {
        var span = _writer.GetSpan(Encoding.UTF8.GetMaxByteCount(line.Length) + 2);
        Utf8.FromUtf16(line, span, out _, out var written);
        "\r\n"u8.CopyTo(span[written..]);
        _writer.Advance(written + 2);
    }

    public async ValueTask FlushAsync()
    {
        if (_writer.UnflushedBytes > 0)
        {
            await _writer.FlushAsync(_cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The next line without its end, or null when the client has closed.</summary>
    /// <exception cref="InvalidDataException">The line is too long.</exception>
    public async ValueTask<string?> ReadLineAsync()
    {
        while (true)
        {
            var result = await ReadAsync().ConfigureAwait(false);
            if (TryTakeLine(result.Buffer, out var line, out var next))
            {
                _reader.AdvanceTo(next);
                return line;
            }

            var length = result.Buffer.Length;
            _reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted)
            {
                return null;
            }

            if (length > MaxLineBytes)
            {
                throw new InvalidDataException("A command line is too long.");
            }
        }
    }

    /// <summary>Waits for the next bytes without taking them; false when the client has closed.</summary>
    public async ValueTask<bool> WaitForBytesAsync()
    {
        var result = await ReadAsync().ConfigureAwait(false);
        var any = !result.Buffer.IsEmpty;
        _reader.AdvanceTo(result.Buffer.Start);
        return any;
    }

    /// <summary>Reads one message's content up to its end; false when the client closed before that.</summary>
    public async ValueTask<bool> ReadContentAsync(DotDecoder decoder, MessageCollector collector)
    {
        while (true)
        {
            var result = await ReadAsync().ConfigureAwait(false);
            var done = Decode(result.Buffer, decoder, collector, out var consumed);
            _reader.AdvanceTo(consumed);
            if (done || result.IsCompleted)
            {
                return done;
            }
        }
    }

    /// <summary>Reads so many bytes of content; false when the client closed before that.</summary>
    /// <param name="size">How many.</param>
    /// <param name="collector">Gets them; null drops them.</param>
    public async ValueTask<bool> ReadChunkAsync(long size, MessageCollector? collector)
    {
        while (size > 0)
        {
            var result = await ReadAsync().ConfigureAwait(false);
            var piece = result.Buffer.Slice(0, Math.Min(size, result.Buffer.Length));
            foreach (var segment in piece)
            {
                collector?.Append(segment.Span);
            }

            size -= piece.Length;
            _reader.AdvanceTo(piece.End);
            if (result.IsCompleted && size > 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Goes over to TLS. Bytes that came in plain text before are dropped: they may not count as encrypted.</summary>
    public async ValueTask StartTlsAsync(X509Certificate2 certificate)
    {
        await _reader.CompleteAsync().ConfigureAwait(false);
        await _writer.CompleteAsync().ConfigureAwait(false);
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = tls;
        var options = new SslServerAuthenticationOptions { ServerCertificate = certificate };
        await tls.AuthenticateAsServerAsync(options, _cancellation).ConfigureAwait(false);
        _reader = PipeReader.Create(tls, ReaderOptions);
        _writer = PipeWriter.Create(tls, WriterOptions);
        Encrypted = true;
    }

    /// <summary>Reads and drops bytes until the client closes.</summary>
    public async ValueTask DrainAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var result = await _reader.ReadAsync(cancellation).ConfigureAwait(false);
            _reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _reader.CompleteAsync().ConfigureAwait(false);

        // Completing with an error drops replies that were not flushed; without one they would be sent here.
        await _writer.CompleteAsync(new IOException("The connection was closed.")).ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
    }

    private static bool TryTakeLine(ReadOnlySequence<byte> buffer, out string line, out SequencePosition next)
    {
        if (buffer.PositionOf((byte)'\n') is not { } end)
        {
            line = "";
            next = buffer.Start;
            return false;
        }

        line = Encoding.UTF8.GetString(buffer.Slice(0, end)).TrimEnd('\r');
        next = buffer.GetPosition(1, end);
        return true;
    }

    private static bool Decode(
        ReadOnlySequence<byte> buffer, DotDecoder decoder, MessageCollector collector, out SequencePosition consumed)
    {
        long total = 0;
        foreach (var segment in buffer)
        {
            var done = decoder.Decode(segment.Span, collector, out var count);
            total += count;
            if (done)
            {
                consumed = buffer.GetPosition(total);
                return true;
            }
        }

        consumed = buffer.End;
        return false;
    }

    private async ValueTask<ReadResult> ReadAsync()
    {
        if (_reader.TryRead(out var result))
        {
            return result;
        }

        await FlushAsync().ConfigureAwait(false);
        return await _reader.ReadAsync(_cancellation).ConfigureAwait(false);
    }
}
