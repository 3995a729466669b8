using System.Buffers;
using EmailFunctions.Spooling;
using EmailFunctions.Storage;

namespace EmailFunctions.Wire;

/// <summary>
/// Takes the files out of a JSON body while it arrives, so that they are never in memory as a whole: the strings at one place are
/// decoded into a spool, and a short reference stays where each of them was. All else goes on as it came, to be read by the rules for
/// every body: this here judges nothing. Up to the first byte that is no JSON it finds what a parser finds; what it makes of the text
/// behind that is of no account, since the text is refused.
/// </summary>
/// <param name="path">Names from the outermost object to the string: each but the last is that of an array of objects.</param>
/// <param name="spool">Gets the files.</param>
/// <param name="rest">Gets the body without them.</param>
internal sealed class FileExtractor(IReadOnlyList<string> path, Spool spool, BodyBuffer rest) : IDisposable
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("{}[]\",:"u8);
    private static readonly SearchValues<byte> EndOfRun = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, ' ').Select(static code => (byte)code)]);

    private readonly JsonWay _way = new(path);
    private readonly JsonEscape _escape = new();
    private Base64Decoder? _decoder;
    private State _state;
    private long _fileLength;

    private enum State
    {
        Outside,
        Key,
        KeyEscape,
        Text,
        TextEscape,
        File,
        FileEscape,
        Malformed,
    }

    /// <summary>The files, by the numbers that stand for them.</summary>
    public List<SpoolSlice> Files { get; } = [];

    /// <summary>What is missing in the rest.</summary>
    public Omissions Omissions { get; } = new();

    /// <summary>Takes the next bytes of the body.</summary>
    /// <exception cref="StoreUnavailableException">The spool can't be written.</exception>
    public void Append(ReadOnlySpan<byte> utf8)
    {
        while (!utf8.IsEmpty)
        {
            var taken = _state is State.File or State.FileEscape ? TakeFile(utf8) : Pass(utf8);
            utf8 = utf8[taken..];
        }
    }

    /// <summary>Tells that the body has ended.</summary>
    public void End()
    {
        if (_state is State.File or State.FileEscape)
            GiveUp();
    }

    public void Dispose() => _decoder?.Dispose();

    private int Pass(ReadOnlySpan<byte> utf8)
    {
        var length = 0;
        while (length < utf8.Length && _state != State.File)
            length += Step(utf8[length..]);
        rest.Append(utf8[..length]);
        return length;
    }

    private int Step(ReadOnlySpan<byte> utf8)
    {
        if (_state == State.Malformed)
            return utf8.Length;
        if (_state is State.KeyEscape or State.TextEscape)
            return StepEscaped(utf8[0]);
        var next = _state == State.Outside ? utf8.IndexOfAny(Structure) : utf8.IndexOfAny((byte)'"', (byte)'\\');
        var run = next < 0 ? utf8 : utf8[..(next + 1)];
        if (_state == State.Key)
            _way.KeepKey(run);
        if (next >= 0)
            Meet(utf8[next]);
        return run.Length;
    }

    private int StepEscaped(byte escaped)
    {
        if (_state == State.KeyEscape)
            _way.KeepKey([escaped]);
        _state = _state == State.KeyEscape ? State.Key : State.Text;
        return 1;
    }

    private void Meet(byte mark)
    {
        if (mark == '\\')
            _state = _state == State.Key ? State.KeyEscape : State.TextEscape;
        else if (_state is State.Key or State.Text)
            EndString();
        else if (mark == '"')
            BeginString();
        else
            _way.Meet(mark);
    }

    private void BeginString()
    {
        _state = _way.BeginString() switch
        {
            JsonStringKind.Key => State.Key,
            JsonStringKind.Goal => State.File,
            _ => State.Text,
        };
        if (_state != State.File)
            return;
        _fileLength = 0;
        (_decoder ??= new Base64Decoder(spool)).Begin();
    }

    private void EndString()
    {
        if (_state == State.Key)
            _way.EndKey();
        _state = State.Outside;
    }

    private int TakeFile(ReadOnlySpan<byte> utf8)
    {
        if (_state == State.FileEscape)
            return TakeEscaped(utf8[0]);
        var end = utf8.IndexOfAny(EndOfRun);
        var run = end < 0 ? utf8 : utf8[..end];
        _decoder!.Append(run);
        _fileLength += run.Length;
        if (end < 0)
            return run.Length;
        if (utf8[end] == '"')
            EndFile();
        else if (utf8[end] == '\\')
            BeginEscape();
        else
            GiveUp();
        // What ends a text that is no JSON goes on as it came.
        return _state == State.Malformed ? run.Length : run.Length + 1;
    }

    private void BeginEscape()
    {
        _state = State.FileEscape;
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
        _decoder!.Append([meaning]);
        _fileLength += _escape.Written.Length;
        _state = State.File;
        return 1;
    }

    private void EndFile()
    {
        var file = _decoder!.End();
        var start = rest.Length;
        Span<byte> number = stackalloc byte[FileReferences.MaxBytes];
        rest.Append(number[..FileReferences.Write(file is null ? null : Files.Count, number)]);
        Omissions.Add(start, _fileLength - (rest.Length - start));
        rest.Append("\""u8);
        if (file is not null)
            Files.Add(file);
        _state = State.Outside;
    }

    // The string is no JSON, or is cut: where a parser finds that, it finds it in the rest, too.
    private void GiveUp()
    {
        Omissions.Add(rest.Length, _fileLength);
        if (_state == State.FileEscape)
            rest.Append(_escape.Written);
        _state = State.Malformed;
    }
}
