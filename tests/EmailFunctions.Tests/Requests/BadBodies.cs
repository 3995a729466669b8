using System.Text;
using static EmailFunctions.Tests.Requests.BadRequest;

namespace EmailFunctions.Tests.Requests;

/// <summary>Bodies that are no JSON, or not as it must be.</summary>
internal static class BadBodies
{
    private const string Good = """{"to":["canary7f3a@example.com"],"subject":"canary7f3a","body":"canary7f3a"}""";

    public static IEnumerable<BadRequest> All() => [.. Json(), .. Encodings(), .. Kinds(), .. Keys()];

    private static IEnumerable<BadRequest> Json()
    {
        var texts = new (string Name, string Body)[]
        {
            ("an empty body", ""), ("white space", "  \r\n"), ("null", "null"), ("an array", "[]"), ("a string", "\"canary7f3a\""), ("a number", "7"),
            ("an open brace", "{"), ("a cut string", "{\"to\":[\"canary7f3a"), ("a trailing comma", """{"subject":"a",}"""), ("a comment", """{"subject":"a"/* canary7f3a */}"""),
            ("single quotes", "{'subject':'a'}"), ("a name without quotes", "{subject:\"a\"}"), ("two objects", "{}{}"), ("text behind it", Good + "canary7f3a"),
            ("NaN", "{\"subject\":NaN}"), ("a leading zero", "{\"subject\":01}"), ("a bad escape", "{\"subject\":\"\\x\"}"), ("a bare control character", "{\"subject\":\"a\u0001\"}"),
            ("arrays 10,000 deep", new string('[', 10_000)), ("objects 200 deep", string.Concat(Enumerable.Repeat("{\"a\":", 200)) + "1" + new string('}', 200)),
        };
        foreach (var (name, body) in texts)
            yield return Raw(name, SendPath, body);
        yield return Send("an unknown field 100 deep", "$", ("x", new string('[', 100) + new string(']', 100)));
        yield return Send("a thousand unknown fields", "f0000", [.. Enumerable.Range(0, 1_000).Select(static n => ($"f{n:0000}", "1"))]);
    }

    private static IEnumerable<BadRequest> Encodings()
    {
        yield return Raw("UTF-16", SendPath, Encoding.Unicode.GetBytes(Good));
        yield return Raw("UTF-16 with its mark", SendPath, [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Good)]);
        yield return Raw("UTF-32", SendPath, Encoding.UTF32.GetBytes(Good));
        yield return Raw("a mark and rubbish", SendPath, [0xEF, 0xBB, 0xBF, 0xFF, 0x00]);
        yield return Raw("Latin-1 in the subject", SendPath, Encoding.Latin1.GetBytes("""{"to":["a@example.com"],"subject":"Grüße","body":"b"}"""), "subject");
        yield return Raw("a cut UTF-8 sequence in the body", SendPath, Spliced("subject\":\"a\",\"body", 0xE2, 0x82), "body");
        yield return Raw("an overlong UTF-8 sequence", SendPath, Spliced("body\":\"a\",\"subject", 0xC0, 0xAF), "subject");
        yield return Raw("a field's name in bad UTF-8", SendPath, [.. "{\""u8, 0xFF, .. "\":1}"u8]);
    }

    // A message whose last field's value ends with these bytes.
    private static byte[] Spliced(string fields, params byte[] bytes) =>
        [.. Encoding.UTF8.GetBytes($"{{\"to\":[\"a@example.com\"],\"{fields}\":\"x"), .. bytes, .. "\"}"u8];

    private static IEnumerable<BadRequest> Kinds()
    {
        foreach (var kind in new[] { "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "application/json; charset=utf-16", "application/json; charset=iso-8859-1", "application/problem+json", "json" })
            yield return Raw($"content type '{kind}'", SendPath, Good, "$", 415) with { ContentType = kind };
        foreach (var encoding in new[] { "gzip", "br", "deflate" })
            yield return Raw($"content encoding {encoding}", SendPath, Good, "$", 415) with { Headers = new() { ["Content-Encoding"] = encoding } };
        yield return Raw("a configuration as text", ConfigPath, "{}", "$", 415) with { ContentType = "text/plain" };
    }

    private static IEnumerable<BadRequest> Keys()
    {
        yield return Raw("an Idempotency-Key of 257", SendPath, Good, "Idempotency-Key") with { Headers = new() { ["Idempotency-Key"] = new string('k', 257) } };
        yield return Send("two keys that differ", "idempotency_key", ("idempotency_key", "\"canary7f3a\"")) with { Headers = new() { ["Idempotency-Key"] = "other" } };
    }
}
