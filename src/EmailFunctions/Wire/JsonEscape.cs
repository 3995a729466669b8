using System.Buffers.Text;

namespace EmailFunctions.Wire;

/// <summary>An escape sequence of a JSON string (RFC 8259 section 7) that comes byte by byte.</summary>
internal sealed class JsonEscape
{
    private const int UnicodeLength = 6;

    private readonly byte[] _bytes = new byte[UnicodeLength];
    private int _length;

    /// <summary>What was taken of it, from the backslash on.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>The UTF-16 unit that it stands for; null: it is not complete.</summary>
    public char? Meaning => _length switch
    {
        2 when _bytes[1] != 'u' => Simple(_bytes[1]),
        UnicodeLength when Utf8Parser.TryParse(_bytes.AsSpan(2), out ushort unit, out _, 'x') => (char)unit,
        _ => null,
    };

    /// <summary>Begins one, whose backslash has come.</summary>
    public void Begin()
    {
        _bytes[0] = (byte)'\\';
        _length = 1;
    }

    /// <summary>Takes the next byte; false where no such sequence goes on like that.</summary>
    public bool TryAppend(byte next)
    {
        if (_length == 1 ? !"\"\\/bfnrtu"u8.Contains(next) : !char.IsAsciiHexDigit((char)next))
            return false;
        _bytes[_length++] = next;
        return true;
    }

    private static char Simple(byte escaped) => escaped switch
    {
        (byte)'b' => '\b',
        (byte)'f' => '\f',
        (byte)'n' => '\n',
        (byte)'r' => '\r',
        (byte)'t' => '\t',
        _ => (char)escaped,
    };
}
