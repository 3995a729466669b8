namespace EmailFunctions.Wire;

/// <summary>What is wrong with which field; names are those on the wire, <c>$</c> is the whole body.</summary>
public sealed class FieldErrors
{
    /// <summary>The body as a whole.</summary>
    public const string Whole = "$";

    // Enough to mend a request by; a hostile body must not turn into an answer of any size.
    private const int MaxFields = 50;
    private const int MaxNameLength = 100;

    private readonly SortedDictionary<string, List<string>> _errors = new(StringComparer.Ordinal);

    public bool Any => _errors.Count > 0;

    public void Add(string field, string message)
    {
        var name = Printable(field);
        if (_errors.TryGetValue(name, out var messages))
        {
            if (!messages.Contains(message))
                messages.Add(message);
        }
        else if (_errors.Count < MaxFields)
        {
            _errors.Add(name, [message]);
        }
    }

    public Dictionary<string, string[]> ToDictionary() => _errors.ToDictionary(static pair => pair.Key, static pair => pair.Value.ToArray(), StringComparer.Ordinal);

    // An unknown field's name is the client's text: cut, and without characters that could break a line of a log.
    private static string Printable(string field)
    {
        var cut = field.Length > MaxNameLength ? field[..MaxNameLength] + "…" : field;
        return string.Create(cut.Length, cut, static (span, text) =>
        {
            for (var index = 0; index < span.Length; index++)
                span[index] = char.IsControl(text[index]) || char.IsSurrogate(text[index]) ? '?' : text[index];
        });
    }
}
