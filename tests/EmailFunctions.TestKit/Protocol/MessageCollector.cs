using System.Buffers;

namespace EmailFunctions.TestKit.Protocol;

/// <summary>Gathers what the sink wants to know of one message while its bytes pass by; reused for the next one.</summary>
internal sealed class MessageCollector(SmtpSinkOptions options, HeaderNames headerNames)
{
    /// <summary>A header block longer than this is cut, so that a body without one cannot fill the memory.</summary>
    private const int MaxHeaderBytes = 256 * 1024;

    private readonly ArrayBufferWriter<byte> _headerBlock = new();
    private ArrayBufferWriter<byte>? _content;
    private bool _headersWanted;

    public long Size { get; private set; }

    public bool TooLarge => Size > options.MaxMessageBytes;

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; private set; } = [];

    public ReadOnlyMemory<byte> Content => _content?.WrittenMemory ?? default;

    public void Begin()
    {
        Size = 0;
        Headers = [];
        _headerBlock.ResetWrittenCount();
        _headersWanted = headerNames.Any;

        // A new buffer each time: the record of the message before keeps the old one.
        _content = options.KeepContent ? new ArrayBufferWriter<byte>() : null;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        Size += bytes.Length;
        if (_headersWanted)
        {
            AppendToHeaders(bytes);
        }

        if (_content is not null && !TooLarge)
        {
            _content.Write(bytes);
        }
    }

    /// <summary>To be called after the last byte: a message may end inside its header block.</summary>
    public void End()
    {
        if (_headersWanted)
        {
            ReadHeaders(_headerBlock.WrittenSpan);
        }
    }

    private void AppendToHeaders(ReadOnlySpan<byte> bytes)
    {
        // The empty line may lie across the border to the bytes that came before.
        var from = Math.Max(0, _headerBlock.WrittenCount - 3);
        _headerBlock.Write(bytes);
        var block = _headerBlock.WrittenSpan;
        var end = block[from..].IndexOf("\r\n\r\n"u8);
        if (end >= 0)
        {
            ReadHeaders(block[..(from + end + 2)]);
        }
        else if (block.StartsWith("\r\n"u8) || block.Length > MaxHeaderBytes)
        {
            ReadHeaders(block.StartsWith("\r\n"u8) ? [] : block);
        }
    }

    private void ReadHeaders(ReadOnlySpan<byte> block)
    {
        Headers = headerNames.Read(block);
        _headersWanted = false;
    }
}
