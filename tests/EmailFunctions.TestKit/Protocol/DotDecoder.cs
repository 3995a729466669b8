namespace EmailFunctions.TestKit.Protocol;

/// <summary>
/// Takes the transparency dots out of a DATA stream and finds its end. It keeps its place between calls, so the
/// stream may be cut anywhere. Only CRLF ends a line: taking a lone LF for one would let a client smuggle messages.
/// </summary>
internal sealed class DotDecoder
{
    private State _state;

    private enum State : byte
    {
        /// <summary>After CRLF, or at the start.</summary>
        LineStart,

        /// <summary>Inside a line.</summary>
        Text,

        /// <summary>Inside a line, the CR before was passed on.</summary>
        CarriageReturn,

        /// <summary>At a line's start a dot was read and held back.</summary>
        Dot,

        /// <summary>At a line's start a dot and a CR were read and held back.</summary>
        DotCarriageReturn,
    }

    /// <summary>Decodes one piece; true when the end of the message was in it.</summary>
    /// <param name="input">The next bytes.</param>
    /// <param name="output">Gets the message's bytes.</param>
    /// <param name="consumed">How many bytes of the input belong to this message: all, unless the end was found.</param>
    public bool Decode(ReadOnlySpan<byte> input, MessageCollector output, out int consumed)
    {
        var position = 0;
        while (position < input.Length)
        {
            var next = input[position];
            switch (_state)
            {
                case State.LineStart when next == '.':
                    _state = State.Dot;
                    position++;
                    break;
                case State.CarriageReturn when next == '\n':
                    output.Append(input.Slice(position, 1));
                    _state = State.LineStart;
                    position++;
                    break;
                case State.Dot when next == '\r':
                    _state = State.DotCarriageReturn;
                    position++;
                    break;
                case State.DotCarriageReturn when next == '\n':
                    _state = State.LineStart;
                    consumed = position + 1;
                    return true;
                case State.DotCarriageReturn:
                    output.Append("\r"u8);
                    _state = State.CarriageReturn;
                    break;
                default:
                    position += CopyText(input[position..], output);
                    break;
            }
        }

        consumed = position;
        return false;
    }

    /// <summary>Passes on everything up to the next dot at a line's start, found by one vectorised search.</summary>
    private int CopyText(ReadOnlySpan<byte> rest, MessageCollector output)
    {
        var dot = rest.IndexOf("\r\n."u8);
        if (dot >= 0)
        {
            output.Append(rest[..(dot + 2)]);
            _state = State.Dot;
            return dot + 3;
        }

        output.Append(rest);
        _state = rest.EndsWith("\r\n"u8) ? State.LineStart : rest[^1] == '\r' ? State.CarriageReturn : State.Text;
        return rest.Length;
    }
}
