using System.Text.Json;

namespace EmailFunctions.Providers.Http;

/// <summary>Reads answers that may be JSON, or something else that stands in between.</summary>
internal static class VendorJson
{
    /// <summary>The JSON object; an element of kind <see cref="JsonValueKind.Undefined"/> where the text is none.</summary>
    public static JsonElement Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : default;
        }
        catch (JsonException)
        {
            return default;
        }
    }

    /// <summary>What to tell of a body in which nothing was found: of JSON nothing, of anything else all.</summary>
    public static string UnlessParsed(JsonElement parsed, string body) => parsed.ValueKind == JsonValueKind.Object ? "" : body;

    /// <summary>A member; undefined where there is none.</summary>
    public static JsonElement Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : default;

    /// <summary>A member that is a string; null where there is none.</summary>
    public static string? Text(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.String } member ? member.GetString() : null;

    /// <summary>A member that is a number; null where there is none.</summary>
    public static double? Number(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Number } member && member.TryGetDouble(out var number) ? number : null;
}
