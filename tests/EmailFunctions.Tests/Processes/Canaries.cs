using System.Buffers;
using System.Text;

namespace EmailFunctions.Tests.Processes;

/// <summary>
/// Texts that occur nowhere else, and a search for each of them in files and text, in every form in which it could have been
/// written.
/// </summary>
internal sealed class Canaries
{
    private readonly Dictionary<string, string> _names = [];
    private readonly Dictionary<string, string> _forms = [];

    /// <summary>A new text of 24 lower-case letters and digits, which stands for something that must not be found.</summary>
    public string New(string name) => Watch(name, "c" + Guid.NewGuid().ToString("N")[..23]);

    /// <summary>The same for a text that somebody else has made, such as an API key.</summary>
    public string Watch(string name, string text)
    {
        _names.Add(name, text);
        foreach (var (form, bytes) in FormsOf(Encoding.UTF8.GetBytes(text)).Append(("UTF-16 LE", Encoding.Unicode.GetBytes(text))).Append(("UTF-16 BE", Encoding.BigEndianUnicode.GetBytes(text))))
            Add(name, form, bytes);
        return text;
    }

    /// <summary>The same for bytes, such as a key.</summary>
    public byte[] NewBytes(string name, int length)
    {
        var bytes = System.Security.Cryptography.RandomNumberGenerator.GetBytes(length);
        foreach (var (form, form2) in FormsOf(bytes))
            Add(name, form, form2);
        return bytes;
    }

    /// <summary>The text that was made for a name.</summary>
    public string this[string name] => _names[name];

    /// <summary>What is found in the files below a folder, by the file's path in it.</summary>
    public List<Finding> SearchFiles(string folder)
    {
        var values = SearchValues.Create([.. _forms.Keys], StringComparison.Ordinal);
        return
        [
            .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .SelectMany(file => Search(values, Path.GetRelativePath(folder, file), File.ReadAllBytes(file))),
        ];
    }

    /// <summary>What is found in a text.</summary>
    public List<Finding> SearchText(string place, string text) =>
        [.. Search(SearchValues.Create([.. _forms.Keys], StringComparison.Ordinal), place, Encoding.UTF8.GetBytes(text))];

    private void Add(string name, string form, byte[] bytes) => _forms[Encoding.Latin1.GetString(bytes)] = $"{name} in {form}";

    private static IEnumerable<(string Form, byte[] Bytes)> FormsOf(byte[] bytes)
    {
        yield return ("plain bytes", bytes);
        yield return ("hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes)));
        yield return ("HEXADECIMAL", Encoding.ASCII.GetBytes(Convert.ToHexString(bytes)));
        // Base64 of a longer text depends on where in it the canary begins; what its neighbours have a share in is left out.
        for (var before = 0; before < 3; before++)
        {
            var base64 = Convert.ToBase64String([.. new byte[before], .. bytes]).TrimEnd('=');
            var first = (before * 8 + 5) / 6;
            var whole = (before + bytes.Length) * 8 / 6;
            yield return ($"base64, {before} bytes in", Encoding.ASCII.GetBytes(base64[first..whole]));
            yield return ($"base64url, {before} bytes in", Encoding.ASCII.GetBytes(base64[first..whole].Replace('+', '-').Replace('/', '_')));
        }
    }

    // All forms are searched for at once, over the bytes taken as Latin-1: one pass whatever the number of canaries.
    private IEnumerable<Finding> Search(SearchValues<string> values, string place, byte[] content)
    {
        var text = Encoding.Latin1.GetString(content);
        var found = new HashSet<string>();
        for (var start = 0; Next(text, start, values) is { } at; start = at + 1)
        {
            foreach (var form in _forms.Keys)
            {
                if (string.CompareOrdinal(text, at, form, 0, form.Length) == 0 && found.Add(form))
                    yield return new Finding(place, _forms[form]);
            }
        }
    }

    private static int? Next(string text, int start, SearchValues<string> values) =>
        text.AsSpan(start).IndexOfAny(values) is >= 0 and var at ? start + at : null;
}

/// <summary>A canary in a place.</summary>
/// <param name="Place">The file's path below the folder, or the stream.</param>
/// <param name="What">Which canary, in which form.</param>
internal sealed record Finding(string Place, string What);
