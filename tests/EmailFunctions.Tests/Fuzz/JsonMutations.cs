using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EmailFunctions.Tests.Fuzz;

/// <summary>Changes JSON: first what it says, then how it is written.</summary>
internal static class JsonMutations
{
    // Each stands for itself, as JSON text; some are none.
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1.5", "1e400", "-1e-400", "2147483648", "9223372036854775808", "79228162514264337593543950336", "0.00000000000000000000000000001", "NaN", "01", "\"\"", "\" \"", "[]", "{}", "[null]", "[[[]]]",
        "\"\\ud800\"", "\"\\u0000\"", "\"\\ufeff\"", "\"a\\r\\nBcc: b@example.com\"", "\"é\\u0301\\u202e\"", "\"../../etc\"", "\"%00%2e\"", "\"' or 1=1 --\"", "\"acme~00000000000000000000000000000000\"",
        "\"2026-13-45T99:99:99Z\"", "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59.9999999Z\"", "\"9999-12-31T23:59:59-14:00\"", "\"-1\"", "\"1e9\"", "\"system\"", "\"you@example.com\"", "\"you@[127.0.0.1]\"", "\"a@b@c\"", "\"{{x}}\"", "\"data:text/plain;base64,AAAA\"",
    ];

    /// <summary>Changes one place of a document, and returns it as text.</summary>
    public static string Change(JsonNode document, Random random)
    {
        var places = new List<JsonNode>();
        Collect(document, places);
        var place = places[random.Next(places.Count)];
        const string Mark = "\u0001";
        switch (place)
        {
            case JsonObject map when map.Count > 0 && random.Next(3) > 0:
                ChangeMember(map, random, Mark);
                break;
            case JsonObject map:
                map[$"field_{random.Next(5)}"] = Mark;
                break;
            case JsonArray array when random.Next(3) == 0:
                for (var copies = random.Next(300); copies > 0; copies--)
                    array.Add(Mark);
                break;
            case JsonArray array when array.Count > 0:
                array[random.Next(array.Count)] = Mark;
                break;
            default:
                return ValueOf(random);
        }

        return document.ToJsonString().Replace("\"\\u0001\"", ValueOf(random), StringComparison.Ordinal);
    }

    /// <summary>Changes how a text is written, which most often makes it none that can be read.</summary>
    public static byte[] Rewrite(string json, Random random)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        switch (random.Next(9))
        {
            case 0:
                return bytes[..random.Next(bytes.Length + 1)];
            case 1 when bytes.Length > 0:
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                return bytes;
            case 2:
                return [.. bytes, .. bytes];
            case 3:
                return [.. Encoding.UTF8.Preamble, .. bytes];
            case 4:
                return Encoding.Unicode.GetBytes(json);
            case 5:
                return Encoding.UTF8.GetBytes(new string('[', random.Next(1, 5_000)));
            case 6:
                return Encoding.UTF8.GetBytes($"/* x */ {json} // y");
            case 7:
                return Encoding.UTF8.GetBytes(json.Replace("\":", "\" :\n\t", StringComparison.Ordinal));
            default:
                var noise = new byte[random.Next(200)];
                random.NextBytes(noise);
                return noise;
        }
    }

    private static void ChangeMember(JsonObject map, Random random, string mark)
    {
        var name = map.ElementAt(random.Next(map.Count)).Key;
        switch (random.Next(6))
        {
            case 0:
                map.Remove(name);
                break;
            case 1:
                map[name.ToUpperInvariant()] = map[name]?.DeepClone();
                break;
            default:
                map[name] = mark;
                break;
        }
    }

    private static string ValueOf(Random random) => random.Next(12) switch
    {
        0 => JsonSerializer.Serialize(new string((char)random.Next('a', 'z' + 1), random.Next(1, 70_000))),
        1 => string.Concat(Enumerable.Repeat("[", random.Next(1, 100))) + "1" + new string(']', 1),
        2 => "{\"a\":1,\"a\":2}",
        _ => Values[random.Next(Values.Length)],
    };

    private static void Collect(JsonNode? node, List<JsonNode> places)
    {
        if (node is not (JsonObject or JsonArray))
            return;
        places.Add(node);
        foreach (var child in node is JsonObject map ? map.Select(static pair => pair.Value) : node.AsArray())
            Collect(child, places);
    }
}
