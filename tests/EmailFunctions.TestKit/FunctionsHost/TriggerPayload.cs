using System.Globalization;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// The body of <c>POST /{FunctionName}</c>, in the encoding of the real host: text and numbers are JSON inside a JSON string,
/// bytes are base64, dates have whole seconds, and what can be an object is one.
/// </summary>
internal sealed class TriggerPayload
{
    public Dictionary<string, object?> Data { get; } = [];

    public Dictionary<string, object?> Metadata { get; } = [];

    /// <summary>Makes the payload of one trigger value.</summary>
    /// <param name="name">The binding's name.</param>
    /// <param name="value">The trigger's value; a string that is a JSON object also overwrites binding data of the same name.</param>
    /// <param name="bindingData">What the trigger says about it; nulls are left out, and so are names that end in "trigger".</param>
    /// <param name="function">The function's name.</param>
    /// <param name="now">For the host's own entry, <c>sys</c>.</param>
    public static TriggerPayload Create(
        string name, object value, IEnumerable<KeyValuePair<string, object?>> bindingData, string function, DateTimeOffset now)
    {
        var all = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, item) in bindingData)
        {
            all[key] = item;
        }

        all["sys"] = new JObject { ["MethodName"] = function, ["UtcNow"] = now.UtcDateTime, ["RandGuid"] = Guid.NewGuid().ToString() };
        Merge(value as string, all);
        var payload = new TriggerPayload();
        foreach (var (key, item) in all)
        {
            if (item is not null && !key.EndsWith("trigger", StringComparison.OrdinalIgnoreCase))
            {
                payload.Metadata[key] = Encode(item);
            }
        }

        payload.Data[name] = Encode(value);
        return payload;
    }

    /// <summary>One value as it appears in <c>Data</c> or <c>Metadata</c>.</summary>
    public static object? Encode(object value) => value switch
    {
        byte[] bytes => Convert.ToBase64String(bytes),

        // Through text and back, which drops the fraction of the second, and a DateTime's zone.
        DateTime time => DateTime.Parse(time.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        DateTimeOffset time => DateTimeOffset.Parse(time.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        _ => TryObject(value) ?? (object)JsonConvert.SerializeObject(value),
    };

    private static JObject? TryObject(object value)
    {
        try
        {
            return JObject.FromObject(value);
        }
        catch (Exception error) when (error is ArgumentException or JsonException)
        {
            return null;
        }
    }

    private static void Merge(string? text, Dictionary<string, object?> bindingData)
    {
        var json = text?.Trim() ?? "";
        if (!json.StartsWith('{') || !json.EndsWith('}'))
        {
            return;
        }

        try
        {
            foreach (var property in JObject.Parse(json).Properties().Where(property => property.Value.Type != JTokenType.Array))
            {
                if (property.Value is JObject inner)
                {
                    bindingData[property.Name] = inner;
                }
                else if ((string?)property.Value is { } value)
                {
                    bindingData[property.Name] = value;
                }
            }
        }
        catch (JsonException)
        {
            // Text that only looks like an object says nothing about the message.
        }
    }
}
