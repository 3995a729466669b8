using System.Text.RegularExpressions;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>The app settings as the host reads them; names are not case-sensitive.</summary>
internal sealed partial class AppSettings(IReadOnlyDictionary<string, string> settings)
{
    private const string HostPrefix = "AzureFunctionsJobHost__";

    private readonly Dictionary<string, string> _settings = new(settings, StringComparer.OrdinalIgnoreCase);

    public IReadOnlyDictionary<string, string> All => _settings;

    /// <summary>The overrides of host.json, by their configuration keys.</summary>
    public IEnumerable<KeyValuePair<string, string?>> HostOverrides =>
        from setting in _settings
        where setting.Key.StartsWith(HostPrefix, StringComparison.OrdinalIgnoreCase)
        select KeyValuePair.Create(setting.Key[HostPrefix.Length..].Replace("__", ":", StringComparison.Ordinal), (string?)setting.Value);

    public string? Find(string name) => _settings.GetValueOrDefault(name);

    /// <summary>A connection's setting: of the name, or of the name behind <c>AzureWebJobs</c>.</summary>
    public string? FindConnection(string name, string suffix = "") => Find(name + suffix) ?? Find("AzureWebJobs" + name + suffix);

    public bool IsDisabled(string function) =>
        IsTrue(Find($"AzureWebJobs.{function}.Disabled")) || IsTrue(Find($"AzureWebJobs_{function}_Disabled"));

    /// <summary>Replaces each <c>%NAME%</c>.</summary>
    /// <exception cref="FunctionsHostException">There is no such setting.</exception>
    public string Resolve(string text) => Names().Replace(text, match =>
        Find(match.Groups[1].Value) ?? throw new FunctionsHostException($"'{match.Value}' does not resolve to a value."));

    /// <summary>Replaces each <c>%NAME%</c> there is a setting for, and leaves the others: what a command line gets.</summary>
    public string Expand(string text) => Names().Replace(text, match => Find(match.Groups[1].Value) ?? match.Value);

    public static bool IsTrue(string? value) =>
        value is "1" || string.Equals(value, "true", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex("%([^%]+)%")]
    private static partial Regex Names();
}
