using static EmailFunctions.Tests.Requests.BadRequest;

namespace EmailFunctions.Tests.Requests;

/// <summary>Messages that must be refused.</summary>
internal static class BadMessages
{
    private static readonly string[] Strings =
        ["tenant_id", "subject", "body", "body_html", "from_email", "from_name", "reply_to", "priority", "template_name", "idempotency_key"];

    private static readonly string[] Reserved =
        ["From", "sender", "TO", "Cc", "BCC", "Subject", "date", "Message-Id", "reply-to", "Mime-Version", "Return-Path", "Received", "DKIM-Signature", "Content-Type", "content-transfer-encoding", "Resent-To", "X-Tag", "X-Metadata",
         "X-SG-EID", "x-smtpapi", "X-SES-Configuration-Set", "X-Mailgun-Variables", "X-MC-Tags", "x-msys-api", "X-PM-Tag", "Errors-To"];

    public static IEnumerable<BadRequest> All() =>
        [.. Types(), .. Recipients(), .. Texts(), .. Headers(), .. Attachments(), .. TagsAndMetadata(), .. Times(), .. NotYet(), .. Sizes(), .. Batches()];

    private static IEnumerable<BadRequest> Types()
    {
        foreach (var field in Strings)
        {
            foreach (var (kind, json) in new[] { ("number", "7"), ("object", "{}"), ("array", "[]"), ("boolean", "true") })
                yield return Send($"{field} is a {kind}", field, (field, json));
        }

        foreach (var field in new[] { "to", "cc", "bcc", "tags", "attachments" })
        {
            foreach (var (kind, json) in new[] { ("string", "\"canary7f3a@example.com\""), ("number", "7"), ("object", "{}"), ("boolean", "false") })
                yield return Send($"{field} is a {kind}", field, (field, json));
        }

        foreach (var field in new[] { "headers", "metadata" })
        {
            foreach (var (kind, json) in new[] { ("string", "\"canary7f3a\""), ("number", "7"), ("array", "[]"), ("boolean", "false") })
                yield return Send($"{field} is a {kind}", field, (field, json));
        }

        yield return Send("an unknown field", "subjekt", ("subjekt", "\"canary7f3a\""));
        yield return Send("a field in another case", "Subject", ("Subject", "\"canary7f3a\""));
        yield return Send("an unknown field in an attachment", "attachments[0].size", ("attachments", """[{"filename":"a","content_type":"text/plain","content":"","size":7}]"""));
        yield return Send("an unknown field with control characters in its name", "a??b", ("a\r\nb", "1"));
        yield return Send("a very long unknown field", new string('x', 100) + "…", (new string('x', 5_000), "1"));
        yield return Raw("a repeated field", SendPath, """{"to":["canary7f3a@example.com"],"subject":"a","subject":"b","body":"c"}""", "subject");
    }

    private static IEnumerable<BadRequest> Recipients()
    {
        yield return Send("no to", "to", ("to", ""));
        yield return Send("to is null", "to", ("to", "null"));
        yield return Send("to is empty", "to", ("to", "[]"));
        yield return Send("a null in to", "to[0]", ("to", "[null]"));
        yield return Send("a number in to", "to[0]", ("to", "[7]"));
        yield return Send("101 in to", "to", ("to", Many(101)));
        yield return Send("101 over to, cc and bcc", "to", ("to", Many(40)), ("cc", Many(40)), ("bcc", Many(21)));
        yield return Send("the second in cc is bad", "cc[1]", ("cc", """["a@example.com","nobody"]"""));
        yield return Send("a bad bcc", "bcc[0]", ("bcc", """["nobody"]"""));
        yield return Send("a bad from", "from_email", ("from_email", "\"canary7f3a\""));
        yield return Send("a bad reply-to", "reply_to", ("reply_to", "\"canary7f3a@\""));
        foreach (var address in BadAddresses.All)
            yield return Send($"address {Text(address)}", "to[0]", ("to", $"[{Text(address)}]"));
        yield return Send("an address with half a surrogate pair", "to[0]", ("to", "[\"a\\ud800@example.com\"]"));
        foreach (var (name, tenant) in new[] { ("empty", ""), ("too long", new string('t', 65)), ("with a slash", "a/b"), ("with a tilde", "a~b"), ("two dots", ".."), ("with a space", "a b"), ("not ASCII", "zoë") })
            yield return Send($"a tenant that is {name}", "tenant_id", ("tenant_id", Text(tenant)));
    }

    private static IEnumerable<BadRequest> Texts()
    {
        yield return Send("no subject", "subject", ("subject", ""));
        yield return Send("an empty subject", "subject", ("subject", "\"\""));
        yield return Send("a subject of 501", "subject", ("subject", Repeat('x', 501)));
        yield return Send("no body at all", "body", ("body", ""));
        yield return Send("a null body", "body", ("body", "null"));
        yield return Send("a NUL in the body", "body", ("body", "\"a\\u0000b\""));
        yield return Send("a NUL in the HTML", "body_html", ("body_html", "\"a\\u0000b\""));
        yield return Send("a from_name of 101", "from_name", ("from_name", Repeat('x', 101)));
        yield return Send("an empty from_name", "from_name", ("from_name", "\"\""));
        yield return Send("an idempotency key of 257", "idempotency_key", ("idempotency_key", Repeat('x', 257)));
        yield return Send("an empty idempotency key", "idempotency_key", ("idempotency_key", "\"\""));
        yield return Send("half a surrogate pair in the subject", "subject", ("subject", "\"\\udc00\""));
        foreach (var (name, control) in new[] { ("CRLF", "a\\r\\nBcc: x@example.com"), ("LF", "a\\nb"), ("CR", "a\\rb"), ("NUL", "a\\u0000b"), ("U+0085", "a\\u0085b"), ("DEL", "a\\u007fb") })
        {
            yield return Send($"{name} in the subject", "subject", ("subject", $"\"{control}\""));
            yield return Send($"{name} in from_name", "from_name", ("from_name", $"\"{control}\""));
            yield return Send($"{name} in the idempotency key", "idempotency_key", ("idempotency_key", $"\"{control}\""));
        }
    }

    private static IEnumerable<BadRequest> Headers()
    {
        foreach (var name in Reserved)
            yield return Send($"the header {name}", "headers." + name, ("headers", $$"""{"{{name}}":"canary7f3a"}"""));
        foreach (var name in new[] { "", "a b", "a:b", "ä", "From;", "(From)", new string('h', 77) })
            yield return Send($"a header named {Text(name)}", "headers." + name, ("headers", $$"""{{{Text(name)}}:"canary7f3a"}"""));
        yield return Send("a header's name with CRLF", "headers.a??b", ("headers", """{"a\r\nb":"canary7f3a"}"""));
        yield return Send("CRLF in a header's value", "headers.X-A", ("headers", """{"X-A":"a\r\nBcc: canary7f3a@example.com"}"""));
        yield return Send("LF in a header's value", "headers.X-A", ("headers", """{"X-A":"a\n b"}"""));
        yield return Send("NUL in a header's value", "headers.X-A", ("headers", """{"X-A":"a\u0000b"}"""));
        yield return Send("a header's value of 2,001", "headers.X-A", ("headers", $$"""{"X-A":{{Repeat('x', 2_001)}}}"""));
        yield return Send("a header's value is null", "headers.X-A", ("headers", """{"X-A":null}"""));
        yield return Send("a header's value is a number", "headers.X-A", ("headers", """{"X-A":7}"""));
        yield return Send("one header in two cases", "headers.x-a", ("headers", """{"X-A":"1","x-a":"2"}"""));
        yield return Send("51 headers", "headers", ("headers", "{" + string.Join(",", Enumerable.Range(0, 51).Select(static n => $"\"X-{n}\":\"1\"")) + "}"));
    }

    private static IEnumerable<BadRequest> Attachments()
    {
        yield return Send("an attachment is null", "attachments[0]", ("attachments", "[null]"));
        yield return Send("an attachment is a string", "attachments[0]", ("attachments", "[\"canary7f3a\"]"));
        yield return Attachment("no filename", "filename", ("filename", ""));
        yield return Attachment("an empty filename", "filename", ("filename", "\"\""));
        yield return Attachment("a filename of 256", "filename", ("filename", Repeat('x', 256)));
        yield return Attachment("a filename with a slash", "filename", ("filename", "\"../canary7f3a\""));
        yield return Attachment("a filename with a backslash", "filename", ("filename", "\"a\\\\b\""));
        yield return Attachment("a filename with CRLF", "filename", ("filename", "\"a\\r\\nb\""));
        yield return Attachment("a filename with NUL", "filename", ("filename", "\"a\\u0000b\""));
        yield return Attachment("no content type", "content_type", ("content_type", ""));
        yield return Attachment("a content type without a subtype", "content_type", ("content_type", "\"text\""));
        yield return Attachment("a content type with CRLF", "content_type", ("content_type", "\"text/plain\\r\\nX: y\""));
        yield return Attachment("a content type of 256", "content_type", ("content_type", Text("text/" + new string('x', 251))));
        yield return Attachment("a content type that is not ASCII", "content_type", ("content_type", "\"text/plaïn\""));
        yield return Attachment("no content", "content", ("content", ""));
        yield return Attachment("content that is no base64", "content", ("content", "\"%%canary7f3a\""));
        yield return Attachment("base64 that is cut short", "content", ("content", "\"abcde\""));
        yield return Attachment("content is a number", "content", ("content", "7"));
        yield return Attachment("a content id with a space", "content_id", ("content_id", "\"a b\""));
        yield return Attachment("a content id in brackets", "content_id", ("content_id", "\"<a@b>\""));
        yield return Attachment("a content id with CRLF", "content_id", ("content_id", "\"a\\r\\nb\""));
        yield return Attachment("a content id of 201", "content_id", ("content_id", Repeat('x', 201)));
        yield return Attachment("an empty content id", "content_id", ("content_id", "\"\""));
        yield return Send("one content id twice", "attachments[1].content_id", ("attachments", """[{"filename":"a","content_type":"image/png","content":"","content_id":"x"},{"filename":"b","content_type":"image/png","content":"","content_id":"x"}]"""));
        yield return Send("501 attachments", "attachments", ("attachments", "[" + string.Join(",", Enumerable.Repeat("""{"filename":"a","content_type":"text/plain","content":""}""", 501)) + "]"));
    }

    private static IEnumerable<BadRequest> TagsAndMetadata()
    {
        yield return Send("11 tags", "tags", ("tags", "[" + string.Join(",", Enumerable.Range(0, 11).Select(static n => $"\"{n}\"")) + "]"));
        yield return Send("a tag of 129", "tags[0]", ("tags", $"[{Repeat('x', 129)}]"));
        yield return Send("an empty tag", "tags[0]", ("tags", "[\"\"]"));
        yield return Send("a null tag", "tags[1]", ("tags", "[\"a\",null]"));
        yield return Send("a number as a tag", "tags[0]", ("tags", "[7]"));
        yield return Send("a tag with CRLF", "tags[0]", ("tags", "[\"a\\r\\nb\"]"));
        yield return Send("a tag twice", "tags[1]", ("tags", "[\"canary7f3a\",\"canary7f3a\"]"));
        yield return Send("metadata over 8 KB", "metadata", ("metadata", $$"""{"k":{{Repeat('x', 8_192)}}}"""));
        yield return Send("metadata over 8 KB in UTF-8", "metadata", ("metadata", $$"""{"k":{{Repeat('ä', 4_096)}}}"""));
        yield return Send("a null in metadata", "metadata", ("metadata", """{"k":null}"""));
        yield return Send("a number in metadata", "metadata.k", ("metadata", """{"k":7}"""));
        yield return Send("an object in metadata", "metadata.k", ("metadata", """{"k":{}}"""));
    }

    private static IEnumerable<BadRequest> Times()
    {
        foreach (var field in new[] { "send_at", "expires_at" })
        {
            foreach (var (kind, json) in new[] { ("no time", "\"canary7f3a\""), ("a number", "1800000000"), ("a day", "\"2027-01-31\""), ("without an offset", "\"2027-01-31T08:00:00\""), ("in no calendar", "\"2027-02-30T08:00:00Z\""), ("an object", "{}") })
                yield return Send($"{field} is {kind}", field, (field, json));
        }

        yield return Send("a send_at more than a year ahead", "send_at", ("send_at", "\"9999-12-31T23:59:59Z\""));
        yield return Send("an expires_at that has passed", "expires_at", ("expires_at", "\"2020-01-31T08:00:00Z\""));
        yield return Send("an expires_at before send_at", "expires_at", ("send_at", "\"2020-01-31T08:00:00Z\""), ("expires_at", "\"2020-01-31T07:59:59Z\""));
        yield return Send("an expires_at at send_at", "expires_at", ("send_at", "\"2020-01-31T08:00:00Z\""), ("expires_at", "\"2020-01-31T09:00:00+01:00\""));
        yield return Send("an unknown priority", "priority", ("priority", "\"canary7f3a\""));
        yield return Send("a priority in capitals", "priority", ("priority", "\"High\""));
        yield return Send("an empty priority", "priority", ("priority", "\"\""));
    }

    private static IEnumerable<BadRequest> Batches()
    {
        const string Message = """{"to":["canary7f3a@example.com"],"subject":"canary7f3a","body":"canary7f3a"}""";
        foreach (var (name, body, field) in new[]
        {
            ("no messages", "{}", "messages"), ("messages is null", """{"messages":null}""", "messages"), ("messages is empty", """{"messages":[]}""", "messages"),
            ("messages is an object", $$"""{"messages":{{Message}}}""", "messages"), ("messages twice", $$"""{"messages":[{{Message}}],"messages":[{{Message}}]}""", "messages"),
            ("1,001 messages", $$"""{"messages":[{{string.Join(',', Enumerable.Repeat(Message, 1_001))}}]}""", "messages"),
            ("an unknown field beside messages", $$"""{"messages":[{{Message}}],"tenant":"canary7f3a"}""", "tenant"),
            ("a field name of half a surrogate pair", $$"""{"messages":[{{Message}}],"\ud800":1}""", "$"),
            ("a bare list", $"[{Message}]", "$"), ("nothing", "", "$"), ("a string", "\"canary7f3a\"", "$"), ("a list that is cut", $$"""{"messages":[{{Message}},""", "$"),
            ("text behind it", $$"""{"messages":[{{Message}}]}canary7f3a""", "$"), ("a message 200 deep", $$"""{"messages":[{{new string('[', 200)}}{{new string(']', 200)}}]}""", "$"),
        })
        {
            yield return Raw($"a batch: {name}", BatchPath, body, field);
        }

        yield return Raw("a batch with a key", BatchPath, $$"""{"messages":[{{Message}}]}""", "Idempotency-Key") with { Headers = new() { ["Idempotency-Key"] = "canary7f3a" } };
        yield return Raw("a batch over 50 MB", BatchPath, "{\"messages\":[\"" + new string('x', 50 * 1024 * 1024) + "\"]}", "$", 413);
        yield return Raw("a batch as text", BatchPath, "{}", "$", 415) with { ContentType = "text/plain" };
    }

    private static IEnumerable<BadRequest> NotYet()
    {
        yield return Send("a template", "template_name", ("template_name", "\"canary7f3a\""));
        yield return Send("template data", "template_data", ("template_data", """{"name":"canary7f3a"}"""));
    }

    private static IEnumerable<BadRequest> Sizes()
    {
        yield return Send("one byte more than 25 MB", "$", ("subject", "\"s\""), ("body", Repeat('x', 26_214_400)));
        yield return Raw("a body over 50 MB", SendPath, "{\"body\":\"" + new string('x', 50 * 1024 * 1024) + "\"}", "$", 413);
    }

    private static BadRequest Attachment(string name, string field, (string Name, string Json) change)
    {
        var good = new Dictionary<string, string> { ["filename"] = "\"a.txt\"", ["content_type"] = "\"text/plain\"", ["content"] = "\"YQ==\"" };
        good[change.Name] = change.Json;
        var json = string.Join(",", good.Where(static pair => pair.Value.Length > 0).Select(static pair => $"\"{pair.Key}\":{pair.Value}"));
        return Send(name, "attachments[0]." + field, ("attachments", $"[{{{json}}}]"));
    }

    private static string Many(int count) =>
        "[" + string.Join(",", Enumerable.Range(0, count).Select(static n => $"\"r{n}@example.com\"")) + "]";
}
