using System.Buffers;
using System.Text;
using System.Text.Json;
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
    // Six for each character of a name that is written in escapes.
    private const int MaxKeyBytes = 100;

    private static readonly SearchValues<byte> Structure = SearchValues.Create("{}[]\",:"u8);
    private static readonly SearchValues<byte> EndOfRun = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, ' ').Select(static code => (byte)code)]);

    private readonly byte[][] _names = [.. path.Select(static name => Encoding.UTF8.GetBytes(name))];
    private readonly JsonEscape _escape = new();
    private readonly byte[] _key = new byte[MaxKeyBytes];
    private Base64Decoder? _decoder;
    private State _state;
    private int _keyLength;

    // How deep the text stands, and how much of that, from the outermost object on, is the way to a file: by turns an object and an array.
    private int _depth;
    private int _onPath;

    // Of an object on the path: whether a name may come, whether it was the path's, and whether the value that comes is of that name.
    private bool _expectsKey;
    private bool _isPathKey;
    private bool _isPathValue;

    // Of an object that has a file: whether it has come. Another one of the same name is refused, whatever it holds.
    private bool _hasFile;
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

    private bool IsOnPath => _onPath == _depth;

    private bool IsInPathObject => IsOnPath && _depth % 2 == 1;

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
            KeepKey(run);
        if (next >= 0)
            Meet(utf8[next]);
        return run.Length;
    }

    private int StepEscaped(byte escaped)
    {
        if (_state == State.KeyEscape)
            KeepKey([escaped]);
        _state = _state == State.KeyEscape ? State.Key : State.Text;
        return 1;
    }

    private void Meet(byte mark)
    {
        if (mark == '\\')
            _state = _state == State.Key ? State.KeyEscape : State.TextEscape;
        else if (_state == State.Key)
            EndKey();
        else if (_state == State.Text)
            _state = State.Outside;
        else
            MeetStructure(mark);
    }

    private void MeetStructure(byte mark)
    {
        switch (mark)
        {
            case (byte)'"':
                BeginString();
                break;
            case (byte)'{' or (byte)'[':
                Enter(mark);
                break;
            case (byte)'}' or (byte)']':
                Leave();
                break;
            case (byte)':':
                (_isPathValue, _isPathKey) = (_isPathKey, false);
                break;
            default:
                (_isPathValue, _isPathKey, _expectsKey) = (false, false, true);
                break;
        }
    }

    private void Enter(byte mark)
    {
        var fits = _depth % 2 == 0 ? mark == '{' : mark == '[' && _isPathValue && _depth / 2 < _names.Length - 1;
        if (IsOnPath && fits)
            (_onPath, _hasFile) = (_onPath + 1, false);
        _depth++;
        (_isPathValue, _isPathKey, _expectsKey) = (false, false, true);
    }

    private void Leave()
    {
        if (IsOnPath && _onPath > 0)
            _onPath--;
        _depth = Math.Max(_depth - 1, 0);
        (_isPathValue, _isPathKey, _expectsKey) = (false, false, false);
    }

    private void BeginString()
    {
        if (IsInPathObject && _expectsKey)
        {
            (_state, _keyLength, _expectsKey) = (State.Key, 0, false);
            return;
        }

        var isFile = _isPathValue && IsInPathObject && _depth / 2 == _names.Length - 1 && !_hasFile;
        _isPathValue = false;
        _state = isFile ? State.File : State.Text;
        if (!isFile)
            return;
        (_hasFile, _fileLength) = (true, 0);
        (_decoder ??= new Base64Decoder(spool)).Begin();
    }

    // With the quotation mark at its end. Of a name that is too long to be one of the path's only that is known.
    private void KeepKey(ReadOnlySpan<byte> bytes)
    {
        var room = _key.AsSpan(Math.Min(_keyLength, MaxKeyBytes));
        bytes[..Math.Min(bytes.Length, room.Length)].CopyTo(room);
        _keyLength += bytes.Length;
    }

    private void EndKey()
    {
        _state = State.Outside;
        _isPathKey = _keyLength <= MaxKeyBytes && IsName(_key.AsSpan(0, _keyLength - 1), _names[_depth / 2]);
    }

    private static bool IsName(ReadOnlySpan<byte> key, ReadOnlySpan<byte> name)
    {
        if (!key.Contains((byte)'\\'))
            return key.SequenceEqual(name);
        try
        {
            var reader = new Utf8JsonReader([(byte)'"', .. key, (byte)'"']);
            return reader.Read() && reader.ValueTextEquals(name);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
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
