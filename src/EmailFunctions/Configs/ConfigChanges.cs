using System.Text.Json;
using System.Text.Json.Nodes;

namespace EmailFunctions.Configs;

/// <summary>Which fields a change of a configuration was about, by their names on the wire; what they hold is not told.</summary>
internal static class ConfigChanges
{
    /// <summary>The fields whose values differ, and the secrets that were given or are gone: of a secret that was given again nobody compares the text.</summary>
    /// <param name="before">What was stored; null: there was none.</param>
    /// <param name="after">What is stored now.</param>
    /// <param name="given">The names of the secrets that the request gave or cleared, as they are stored.</param>
    public static IReadOnlyList<string> Between(TenantConfig? before, TenantConfig after, IEnumerable<string> given)
    {
        var (old, now) = (ToJson(before?.Fields), ToJson(after.Fields));
        var secrets = SecretNames.All.Where(name => before?.HasSecret(name) == true && !after.HasSecret(name)).Union(given.Where(name => before?.HasSecret(name) == true || after.HasSecret(name)));
        return [.. Differences(old, now), .. secrets.Select(WireName)];
    }

    private static JsonObject ToJson(ConfigFields? fields) =>
        fields is null ? [] : JsonSerializer.SerializeToNode(fields.WithoutSecrets(), ConfigJson.Default.ConfigFields)!.AsObject();

    private static IEnumerable<string> Differences(JsonObject old, JsonObject now)
    {
        foreach (var name in old.Select(static pair => pair.Key).Union(now.Select(static pair => pair.Key)))
        {
            var (before, after) = (old[name], now[name]);
            if (JsonNode.DeepEquals(before, after))
                continue;
            // The fallback, field by field.
            if (before is JsonObject || after is JsonObject)
            {
                foreach (var part in Differences(before as JsonObject ?? [], after as JsonObject ?? []))
                    yield return $"{name}.{part}";
            }
            else
            {
                yield return name;
            }
        }
    }

    private static string WireName(string name) =>
        name.StartsWith(SecretNames.FallbackPrefix, StringComparison.Ordinal) ? "fallback." + name[SecretNames.FallbackPrefix.Length..] : name;
}
