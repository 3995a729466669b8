using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using EmailFunctions.Tenants;

namespace EmailFunctions.Ingest;

/// <summary>
/// Finds addresses in what a producer sent, which may be no message at all: in all strings of it where it is JSON, else in its text.
/// </summary>
internal static partial class ParkedAddresses
{
    /// <summary>The tenant that it names, null where it names none that could be one, and all that looks like an address.</summary>
    public static (TenantId? Tenant, IReadOnlyList<string> Addresses) Find(ReadOnlyMemory<byte> body)
    {
        var texts = new List<string>();
        TenantId? tenant = null;
        try
        {
            using var json = JsonDocument.Parse(body);
            Collect(json.RootElement, texts);
            if (json.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("tenant_id", out var name) && name.ValueKind == JsonValueKind.String)
                _ = TenantId.TryParse(name.GetString(), out tenant);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // No JSON, or a string that is no text.
            texts.Add(Encoding.UTF8.GetString(body.Span));
        }

        return (tenant, [.. texts.SelectMany(static text => Address().Matches(text)).Select(static match => match.Value).Distinct()]);
    }

    private static void Collect(JsonElement element, List<string> texts)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                texts.Add(element.GetString()!);
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    Collect(item, texts);
                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    texts.Add(property.Name);
                    Collect(property.Value, texts);
                }

                break;
            default:
                break;
        }
    }

    // What stands around an address in text can't be told apart from it in every case; no dot ends one.
    [GeneratedRegex("""[^\s<>"'(),:;\[\]\\@]+@[^\s<>"'(),:;\[\]\\@]*[^\s<>"'(),:;\[\]\\@.]""", RegexOptions.CultureInvariant)]
    private static partial Regex Address();
}
