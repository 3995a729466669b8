using System.Text;
using System.Text.Json;

namespace EmailFunctions.Wire;

/// <summary>What a string of a JSON text is, by its place.</summary>
internal enum JsonStringKind
{
    /// <summary>A name that may be one of those on the way.</summary>
    Key,

    /// <summary>The string that the way leads to.</summary>
    Goal,

    Other,
}

/// <summary>Follows the structure of a JSON text as far as needed to know the strings that a way of names leads to.</summary>
/// <param name="path">Names from the outermost object to the string: each but the last is that of an array of objects.</param>
internal sealed class JsonWay(IReadOnlyList<string> path)
{
    // Six for each character of a name that is written in escapes.
    private const int MaxKeyBytes = 100;

    private readonly byte[][] _names = [.. path.Select(static name => Encoding.UTF8.GetBytes(name))];
    private readonly byte[] _key = new byte[MaxKeyBytes];
    private int _keyLength;
    private bool _isInKey;

    // How deep the text stands, and how much of that, from the outermost object on, is on the way: by turns an object and an array.
    private int _depth;
    private int _onWay;

    // Of an object on the way: whether a name may come, whether it was the way's, and whether the value that comes is of that name.
    private bool _expectsKey;
    private bool _isWayKey;
    private bool _isWayValue;

    // Of an object that has a goal: whether it has come. Another one of the same name is refused, whatever it holds.
    private bool _hasGoal;

    private bool IsOnWay => _onWay == _depth;

    private bool IsInWayObject => IsOnWay && _depth % 2 == 1;

    /// <summary>Meets one of <c>{ } [ ] , :</c> outside strings.</summary>
    public void Meet(byte mark)
    {
        switch (mark)
        {
            case (byte)'{' or (byte)'[':
                Enter(mark);
                break;
            case (byte)'}' or (byte)']':
                Leave();
                break;
            case (byte)':':
                (_isWayValue, _isWayKey) = (_isWayKey, false);
                break;
            default:
                (_isWayValue, _isWayKey, _expectsKey) = (false, false, true);
                break;
        }
    }

    /// <summary>Meets the quotation mark that begins a string, and tells what that is.</summary>
    public JsonStringKind BeginString()
    {
        if (IsInWayObject && _expectsKey)
        {
            (_keyLength, _expectsKey, _isInKey) = (0, false, true);
            return JsonStringKind.Key;
        }

        var isGoal = _isWayValue && IsInWayObject && _depth / 2 == _names.Length - 1 && !_hasGoal;
        _isWayValue = false;
        _hasGoal |= isGoal;
        return isGoal ? JsonStringKind.Goal : JsonStringKind.Other;
    }

    /// <summary>Takes bytes of a key, the quotation mark at its end among them. Of a name that is too long only that is kept; of one that is no such key, nothing.</summary>
    public void KeepKey(ReadOnlySpan<byte> bytes)
    {
        if (!_isInKey)
            return;
        var room = _key.AsSpan(Math.Min(_keyLength, MaxKeyBytes));
        bytes[..Math.Min(bytes.Length, room.Length)].CopyTo(room);
        _keyLength += bytes.Length;
    }

    /// <summary>Tells that the key has ended.</summary>
    public void EndKey()
    {
        if (_isInKey)
            _isWayKey = _keyLength <= MaxKeyBytes && IsName(_key.AsSpan(0, _keyLength - 1), _names[_depth / 2]);
        _isInKey = false;
    }

    private void Enter(byte mark)
    {
        var fits = _depth % 2 == 0 ? mark == '{' : mark == '[' && _isWayValue && _depth / 2 < _names.Length - 1;
        if (IsOnWay && fits)
            (_onWay, _hasGoal) = (_onWay + 1, false);
        _depth++;
        (_isWayValue, _isWayKey, _expectsKey) = (false, false, true);
    }

    private void Leave()
    {
        if (IsOnWay && _onWay > 0)
            _onWay--;
        _depth = Math.Max(_depth - 1, 0);
        (_isWayValue, _isWayKey, _expectsKey) = (false, false, false);
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
}
