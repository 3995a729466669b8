using System.Text.Json.Serialization.Metadata;
using EmailFunctions.Problems;
using EmailFunctions.Spooling;

namespace EmailFunctions.Wire;

/// <summary>A JSON body with files: while it arrives they go to a spool, and only what is left is kept in memory and parsed.</summary>
internal sealed class FileBody : IDisposable
{
    private readonly BodyBuffer _rest;
    private readonly FileExtractor _extractor;

    /// <param name="path">Where files are, as <see cref="FileExtractor"/> takes it.</param>
    /// <param name="spool">Gets the files; it must live as long as what is read here.</param>
    /// <param name="capacity">Bytes to begin with.</param>
    public FileBody(IReadOnlyList<string> path, Spool spool, int capacity)
    {
        _rest = new BodyBuffer(capacity);
        _extractor = new FileExtractor(path, spool, _rest);
    }

    /// <summary>Takes the next bytes.</summary>
    /// <exception cref="Storage.StoreUnavailableException">The spool can't be written.</exception>
    public void Append(ReadOnlySpan<byte> utf8) => _extractor.Append(utf8);

    /// <summary>Parses the body, which is complete.</summary>
    /// <exception cref="ProblemException">It is not what it should be (400).</exception>
    public T Read<T>(JsonTypeInfo<T> type) where T : class
    {
        _extractor.End();
        using var references = FileReferences.To(_extractor.Files);
        var errors = new FieldErrors();
        return StrictJson.Read(_rest.Written, type, errors, _extractor.Omissions) ?? throw Problem.Invalid(errors);
    }

    /// <summary>Parses the body, which is complete, as <see cref="RequestBody.ReadListAsync"/> says.</summary>
    /// <exception cref="ProblemException">As there.</exception>
    public IReadOnlyList<ListItem<T>> ReadList<T>(string field, int maximum, JsonTypeInfo<T> type) where T : class
    {
        _extractor.End();
        using var references = FileReferences.To(_extractor.Files);
        var errors = new FieldErrors();
        return JsonList.Read(_rest.Written, field, maximum, type, errors, _extractor.Omissions) ?? throw Problem.Invalid(errors);
    }

    public void Dispose()
    {
        _extractor.Dispose();
        _rest.Dispose();
    }
}
