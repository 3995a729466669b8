using System.Text;
using EmailFunctions.Providers.Http;

namespace EmailFunctions.Providers.Console;

/// <summary>Writes UTF-8 as text, piece by piece: an international local part has no ASCII form.</summary>
internal sealed class TextStream(TextWriter output) : WriteOnlyStream
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _chars = [];

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var most = Encoding.UTF8.GetMaxCharCount(buffer.Length);
        if (_chars.Length < most)
            _chars = new char[most];
        var count = _decoder.GetChars(buffer.Span, _chars, flush: false);
        await output.WriteAsync(_chars.AsMemory(0, count), cancellationToken);
    }
}
