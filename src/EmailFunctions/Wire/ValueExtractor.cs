using System.Buffers;
using EmailFunctions.Spooling;
using EmailFunctions.Storage;

namespace EmailFunctions.Wire;

/// <summary>
/// Takes files and long texts out of a JSON body while it arrives, so that they are never in memory as a whole: the strings at some
/// places are decoded into a spool, and a short reference stays where each of them was. All else goes on as it came, to be read by the
/// rules for every body: this here judges nothing. Up to the first byte that is no JSON it finds what a parser finds; what it makes of
/// the text behind that is of no account, since the text is refused.
/// </summary>
/// <param name="places">Where files and texts are.</param>
/// <param name="spool">Gets them.</param>
/// <param name="rest">Gets the body without them.</param>
/// <param name="maxTextBytes">Bytes of a text, as it is written, that stays in the body.</param>
internal sealed class ValueExtractor(IReadOnlyList<ValuePlace> places, Spool spool, BodyBuffer rest, int maxTextBytes = ValueExtractor.MaxTextBytes) : IDisposable
{
    /// <summary>
    /// Bytes of a text that stays in the body unless something else is asked for. A message with a longer one goes to the payload store in any case, and
    /// through a file of the spool on its way from there.
    /// </summary>
    public const int MaxTextBytes = Spool.MaxMemoryBytes;

    private static readonly SearchValues<byte> Structure = SearchValues.Create("{}[]\",:"u8);
    private static readonly SearchValues<byte> EndOfRun = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, ' ').Select(static code => (byte)code)]);

    private readonly JsonWay[] _ways = [.. places.Select(static place => new JsonWay(place.Path))];
    private readonly JsonEscape _escape = new();
    private readonly BodyBuffer _text = new(0);
    private Base64Decoder? _files;
    private TextDecoder? _texts;
    private IValueDecoder? _decoder;
    private State _state;
    private long _valueLength;

    private enum State
    {
        Outside,
        Key,
        KeyEscape,
        Other,
        OtherEscape,

        // A text that may stay where it is.
        Text,
        TextEscape,

        // What is taken out.
        Value,
        ValueEscape,
        Malformed,
    }

    /// <summary>What was taken out.</summary>
    public ExtractedValues Values { get; } = new();

    /// <summary>What is missing in the rest.</summary>
    public Omissions Omissions { get; } = new();

    /// <summary>Takes the next bytes of the body.</summary>
    /// <exception cref="StoreUnavailableException">The spool can't be written.</exception>
    public void Append(ReadOnlySpan<byte> utf8)
    {
        while (!utf8.IsEmpty)
        {
            var taken = _state switch
            {
                State.Text or State.TextEscape => TakeText(utf8),
                State.Value or State.ValueEscape => TakeValue(utf8),
                _ => Pass(utf8),
            };
            utf8 = utf8[taken..];
        }
    }

    /// <summary>Tells that the body has ended.</summary>
    public void End()
    {
        if (_state is State.Text or State.TextEscape)
            rest.Append(_text.Read());
        else if (_state is State.Value or State.ValueEscape)
            GiveUp();
    }

    public void Dispose()
    {
        _text.Dispose();
        _files?.Dispose();
        _texts?.Dispose();
    }

    private int Pass(ReadOnlySpan<byte> utf8)
    {
        var length = 0;
        while (length < utf8.Length && _state is not (State.Text or State.Value))
            length += Step(utf8[length..]);
        rest.Append(utf8[..length]);
        return length;
    }

    private int Step(ReadOnlySpan<byte> utf8)
    {
        if (_state == State.Malformed)
            return utf8.Length;
        if (_state is State.KeyEscape or State.OtherEscape)
            return StepEscaped(utf8[0]);
        var next = _state == State.Outside ? utf8.IndexOfAny(Structure) : utf8.IndexOfAny((byte)'"', (byte)'\\');
        var run = next < 0 ? utf8 : utf8[..(next + 1)];
        if (_state == State.Key)
            KeepKey(run);
        if (next >= 0)
            Meet(utf8[next]);
        return run.Length;
    }

    private int StepEscaped(byte escaped)
    {
        if (_state == State.KeyEscape)
            KeepKey([escaped]);
        _state = _state == State.KeyEscape ? State.Key : State.Other;
        return 1;
    }

    private void KeepKey(ReadOnlySpan<byte> bytes)
    {
        foreach (var way in _ways)
            way.KeepKey(bytes);
    }

    private void Meet(byte mark)
    {
        if (mark == '\\')
            _state = _state == State.Key ? State.KeyEscape : State.OtherEscape;
        else if (_state is State.Key or State.Other)
            EndString();
        else if (mark == '"')
            BeginString();
        else
            MeetStructure(mark);
    }

    private void MeetStructure(byte mark)
    {
        foreach (var way in _ways)
            way.Meet(mark);
    }

    private void BeginString()
    {
        _state = State.Other;
        for (var index = 0; index < _ways.Length; index++)
        {
            var kind = _ways[index].BeginString();
            if (kind == JsonStringKind.Key)
                _state = State.Key;
            else if (kind == JsonStringKind.Goal)
                BeginValue(places[index]);
        }
    }

    private void BeginValue(ValuePlace place)
    {
        if (!place.IsText)
        {
            Begin(_files ??= new Base64Decoder(spool));
            return;
        }

        _text.Clear();
        _state = State.Text;
    }

    private void Begin(IValueDecoder decoder)
    {
        _valueLength = 0;
        _decoder = decoder;
        _decoder.Begin();
        _state = State.Value;
    }

    private void EndString()
    {
        if (_state == State.Key)
        {
            foreach (var way in _ways)
                way.EndKey();
        }

        _state = State.Outside;
    }

    private int TakeText(ReadOnlySpan<byte> utf8)
    {
        if (_state == State.TextEscape)
        {
            _text.Append(utf8[..1]);
            _state = State.Text;
            return 1;
        }

        var end = utf8.IndexOfAny((byte)'"', (byte)'\\');
        var run = end < 0 ? utf8 : utf8[..end];
        if (_text.Length + run.Length > maxTextBytes)
        {
            // It is taken from its beginning on, and as it goes on.
            TakeOut();
            return 0;
        }

        _text.Append(run);
        if (end < 0)
            return run.Length;
        if (utf8[end] == '"')
            return EndText() ? run.Length + 1 : run.Length;
        _text.Append("\\"u8);
        _state = State.TextEscape;
        return run.Length + 1;
    }

    // False: it is taken out after all, and its end is met again then.
    private bool EndText()
    {
        if (LooksLikeReference(_text.Read()))
        {
            TakeOut();
            return false;
        }

        rest.Append(_text.Read());
        rest.Append("\""u8);
        _state = State.Outside;
        return true;
    }

    // By its first character, which may be written as an escape.
    private static bool LooksLikeReference(ReadOnlySpan<byte> text) => text.StartsWith([ExtractedValues.Mark]) || text.StartsWith("\\u007"u8);

    private void TakeOut()
    {
        Begin(_texts ??= new TextDecoder(spool));
        Append(_text.Read());
    }

    private int TakeValue(ReadOnlySpan<byte> utf8)
    {
        if (_state == State.ValueEscape)
            return TakeEscaped(utf8[0]);
        var end = utf8.IndexOfAny(EndOfRun);
        var run = end < 0 ? utf8 : utf8[..end];
        _decoder!.Append(run);
        _valueLength += run.Length;
        if (end < 0)
            return run.Length;
        if (utf8[end] == '"')
            EndValue();
        else if (utf8[end] == '\\')
            BeginEscape();
        else
            GiveUp();
        // What ends a text that is no JSON goes on as it came.
        return _state == State.Malformed ? run.Length : run.Length + 1;
    }

    private void BeginEscape()
    {
        _state = State.ValueEscape;
        _escape.Begin();
    }

    private int TakeEscaped(byte escaped)
    {
        if (!_escape.TryAppend(escaped))
        {
            GiveUp();
            return 0;
        }

        if (_escape.Meaning is not { } meaning)
            return 1;
        _decoder!.AppendEscaped(meaning);
        _valueLength += _escape.Written.Length;
        _state = State.Value;
        return 1;
    }

    private void EndValue()
    {
        var start = rest.Length;
        Span<byte> reference = stackalloc byte[ExtractedValues.MaxReferenceBytes];
        rest.Append(reference[..ExtractedValues.Write(Keep(_decoder!.End()), reference)]);
        Omissions.Add(start, _valueLength - (rest.Length - start));
        rest.Append("\""u8);
        _state = State.Outside;
    }

    private int? Keep(SpoolSlice? value) =>
        value is null ? null
        : _decoder == _texts ? Values.Add(SpoolText.Of(value, _texts!.ContainsNull))
        : Values.Add(value);

    // The string is no JSON, or is cut: where a parser finds that, it finds it in the rest, too.
    private void GiveUp()
    {
        Omissions.Add(rest.Length, _valueLength);
        if (_state == State.ValueEscape)
            rest.Append(_escape.Written);
        _state = State.Malformed;
    }
}
