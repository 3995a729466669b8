using System.Text.Json;
using System.Text.Json.Nodes;
using EmailFunctions.Problems;
using EmailFunctions.Wire;

namespace EmailFunctions.Configs;

/// <summary>
/// Some fields of a configuration, to be put into one (RFC 7396): a field that is null is cleared, and one that is an object, which
/// only the fallback is, is changed in the same way.
/// </summary>
internal static class ConfigPatch
{
    private const string Fallback = "fallback";

    /// <exception cref="ProblemException">The result can't be read as a configuration.</exception>
    public static ConfigFields Apply(ConfigFields current, JsonObject patch)
    {
        var merged = JsonSerializer.SerializeToNode(current, ConfigJson.Default.ConfigFields)!.AsObject();
        Apply(merged, patch);
        var errors = new FieldErrors();
        var utf8 = JsonSerializer.SerializeToUtf8Bytes(merged, ConfigJson.Default.JsonObject);
        return StrictJson.Read(utf8, ConfigJson.Default.ConfigFields, errors) ?? throw Problem.Invalid(errors);
    }

    /// <summary>The secrets that the patch sets or clears.</summary>
    public static IReadOnlyList<string> SecretsIn(JsonObject patch) =>
    [
        .. SecretNames.OfProvider.Where(patch.ContainsKey),
        .. patch.TryGetPropertyValue(Fallback, out var fallback)
            ? SecretNames.OfProvider.Where(name => fallback?.AsObject().ContainsKey(name) ?? true).Select(static name => SecretNames.FallbackPrefix + name)
            : [],
    ];

    private static void Apply(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is JsonObject change && target[name] is JsonObject part)
                Apply(part, change);
            else
                target[name] = value?.DeepClone();
        }
    }
}
