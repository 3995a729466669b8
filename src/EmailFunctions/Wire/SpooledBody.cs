using System.Text.Json.Serialization.Metadata;
using EmailFunctions.Problems;
using EmailFunctions.Storage;

namespace EmailFunctions.Wire;

/// <summary>A JSON body with files and long texts: while it arrives they go to a spool, and only what is left is kept in memory and parsed.</summary>
internal sealed class SpooledBody : IDisposable
{
    private readonly IncomingBody _incoming;
    private readonly BodyBuffer _rest;
    private readonly ValueExtractor _extractor;

    /// <param name="places">Where files and texts are.</param>
    /// <param name="incoming">Gets these, and the rest where it is long; it must live as long as what is read here.</param>
    /// <param name="expected">Bytes that there may be in all; 0: not known.</param>
    /// <param name="maxTextBytes">Bytes of a text, as it is written, that stays in memory.</param>
    public SpooledBody(IReadOnlyList<ValuePlace> places, IncomingBody incoming, long expected, int maxTextBytes = ValueExtractor.MaxTextBytes)
    {
        _incoming = incoming;
        _rest = new BodyBuffer(expected, incoming.Rest);
        _extractor = new ValueExtractor(places, incoming.Values, _rest, maxTextBytes);
    }

    /// <summary>Takes the next bytes.</summary>
    /// <exception cref="StoreUnavailableException">The spool can't be written.</exception>
    public void Append(ReadOnlySpan<byte> utf8) => _extractor.Append(utf8);

    /// <summary>Tells that all has come, and waits until there is room to parse it.</summary>
    /// <exception cref="StoreUnavailableException">There was none in time.</exception>
    public ValueTask EndAsync(CancellationToken cancellationToken)
    {
        _extractor.End();
        return _incoming.TakeRoomAsync(_rest.Length, cancellationToken);
    }

    /// <summary>Parses the body, which has ended.</summary>
    /// <exception cref="ProblemException">It is not what it should be (400).</exception>
    public T Read<T>(JsonTypeInfo<T> type) where T : class
    {
        using var references = _extractor.Values.Refer();
        var errors = new FieldErrors();
        return StrictJson.Read(_rest.Read(), type, errors, _extractor.Omissions) ?? throw Problem.Invalid(errors);
    }

    /// <summary>Parses the body, which has ended, as <see cref="RequestBody.ReadListAsync"/> says.</summary>
    /// <exception cref="ProblemException">As there.</exception>
    public IReadOnlyList<ListItem<T>> ReadList<T>(string field, int maximum, JsonTypeInfo<T> type) where T : class
    {
        using var references = _extractor.Values.Refer();
        var errors = new FieldErrors();
        return JsonList.Read(_rest.Read(), field, maximum, type, errors, _extractor.Omissions) ?? throw Problem.Invalid(errors);
    }

    public void Dispose()
    {
        _extractor.Dispose();
        _rest.Dispose();
    }
}
