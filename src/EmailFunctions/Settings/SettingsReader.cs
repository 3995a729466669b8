using System.Globalization;

namespace EmailFunctions.Settings;

/// <summary>Reads settings by name and gathers every mistake, each as a sentence that names the setting.</summary>
internal sealed class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _mistakes = [];

    public IReadOnlyList<string> Mistakes => _mistakes;

    /// <summary>Notes a mistake; the same one is told once.</summary>
    public void Reject(string name, string must)
    {
        var mistake = $"{name} {must}.";
        if (!_mistakes.Contains(mistake))
            _mistakes.Add(mistake);
    }

    /// <summary>The text; null where it is absent or empty.</summary>
    public string? Text(string name) => configuration[name] is { Length: > 0 } text ? text : null;

    public bool HasSection(string name) => configuration.GetSection(name).GetChildren().Any();

    public bool Flag(string name, bool fallback)
    {
        switch (Text(name)?.ToLowerInvariant())
        {
            case null:
                return fallback;
            case "true" or "1" or "yes" or "on":
                return true;
            case "false" or "0" or "no" or "off":
                return false;
            default:
                Reject(name, "must be true or false");
                return fallback;
        }
    }

    public int Number(string name, int fallback, int minimum, int maximum)
    {
        if (Text(name) is not { } text)
            return fallback;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= minimum && number <= maximum)
            return number;
        Reject(name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {minimum} to {maximum}"));
        return fallback;
    }

    public T Choice<T>(string name, T fallback, params ReadOnlySpan<(string Name, T Value)> choices)
    {
        if (Text(name) is not { } text)
            return fallback;
        var names = new List<string>();
        foreach (var choice in choices)
        {
            if (choice.Name.Equals(text, StringComparison.OrdinalIgnoreCase))
                return choice.Value;
            names.Add(choice.Name);
        }

        Reject(name, "must be " + string.Join(" or ", names));
        return fallback;
    }
}

/// <summary>The settings can't work; the message names each mistake on a line of its own.</summary>
public sealed class SettingsException(IReadOnlyList<string> mistakes)
    : Exception("The service can't start:" + string.Concat(mistakes.Select(static mistake => "\n  - " + mistake)));
