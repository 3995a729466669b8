using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace EmailFunctions.Tests.Fuzz;

/// <summary>Makes requests of an operation: valid ones, and what comes of them by up to three changes of their parts.</summary>
/// <param name="operations">What there is to call.</param>
/// <param name="ids">Ids of messages that exist.</param>
internal sealed class RequestMutations(IReadOnlyList<ApiOperation> operations, IReadOnlyList<string> ids)
{
    private static readonly string[] Tenants = ["acme", "bravo", "charlie", "system"];

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"];

    private static readonly string[] Texts =
    [
        "", "0", "-1", "1e9", "99999999999999999999", "2147483648", "true", "null", "NaN", "acme", "system", "ACME", "a%20b", "%00", "%0d%0aX:1", "%2e%2e", "%252e", "%2F", "%5C", "%ff", "%c0%ae", "%", "%u0041", "..", "é", "%C3%A9", "%F0%9F%93%A7", "%ED%A0%80", "*", "'", "\"", "<b>",
        "2026-01-31", "2026-02-30", "0001-01-01", "9999-12-31", "2026-01-31T08:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00%2B14:00", "2026-01-31T08:00:00.123456789Z", "day", "month", "sent", "smtp", "you@example.com", "a@b@c",
        "acme~00000000000000000000000000000000", "acme~20260131100000000-019abc0e7c4d7b7c8f6a2f0d5e4c3b2a", "acme~", "~", "2516444927999999999-019abc0e7c4d7b7c8f6a2f0d5e4c3b2a-000", "99999999999999999999999999999999999999999",
    ];

    private static readonly (string Name, string[] Values)[] HeaderValues =
    [
        ("Idempotency-Key", ["k", "", " ", "é", "a,b", "\"k\""]), ("If-Match", ["*", "\"x\"", "W/\"x\"", "x", "\"a\", \"b\"", "\"", ""]), ("If-None-Match", ["*", "\"x\""]),
        ("traceparent", ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0-0-0", "x", "ff-00000000000000000000000000000000-0000000000000000-ff"]), ("tracestate", ["a=b", "=,=", "é"]), ("baggage", ["a=b;c", "%"]),
        ("Accept", ["text/csv", "application/x-ndjson", "*/*;q=2", "text/html", "x", ""]), ("Accept-Encoding", ["gzip", "br;q=x", "identity;q=0, *;q=0"]), ("Accept-Language", ["xx-é"]), ("Authorization", ["Bearer x", "Basic eDp5", "Bearer", ""]),
        ("Range", ["bytes=0-0", "bytes=9-1", "x"]), ("Expect", ["x"]), ("X-HTTP-Method-Override", ["DELETE"]), ("X-Forwarded-For", ["127.0.0.1", "x, y"]), ("X-Original-URL", ["/DispatchEmail"]), ("Origin", ["https://attacker.example", "null"]), ("Cookie", ["a=b; a=c"]),
        ("Content-Encoding", ["gzip", "x"]), ("Host", ["attacker.example", "localhost:99999", "[::1]", "a b"]), ("Connection", ["close", "upgrade"]), ("Upgrade", ["h2c", "websocket"]), ("Date", ["x"]), ("X-Azure-Functions-InvocationId", ["1"]),
    ];

    private static readonly string?[] ContentTypes = ["text/plain", "application/json; charset=utf-16", "application/json; charset=x", "application/problem+json", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=", "x", "", null, "APPLICATION/JSON;charset=\"utf-8\""];

    /// <summary>The request of a number; the same each time.</summary>
    public FuzzRequest Make(int seed, int number)
    {
        var random = new Random(unchecked((seed * 397) ^ (number * 16_777_619)));
        var operation = operations[random.Next(operations.Count)];
        var request = new FuzzRequest { Method = operation.Method, Path = operation.PathWith(name => Valid(name, random)) };
        foreach (var name in operation.Queries.Where(_ => random.Next(4) == 0))
            request.Query.Add($"{name}={Valid(name, random)}");
        var body = operation.Example?.DeepClone();
        // One in ten stays as it is.
        for (var changes = random.Next(10) == 0 ? 0 : random.Next(1, 4); changes > 0; changes--)
            Change(request, operation, ref body, random);
        if (request.Body is null && body is not null && !HasNoBody(request.Method))
            request.Body = Encoding.UTF8.GetBytes(body.ToJsonString());
        request.IsChunked = random.Next(5) == 0;
        return request;
    }

    private static bool HasNoBody(string method) => method is "GET" or "HEAD" or "TRACE";

    private static void Change(FuzzRequest request, ApiOperation operation, ref JsonNode? body, Random random)
    {
        switch (random.Next(10))
        {
            case < 4 when body is not null:
                var text = JsonMutations.Change(body.DeepClone(), random);
                request.Body = random.Next(4) == 0 ? JsonMutations.Rewrite(text, random) : Encoding.UTF8.GetBytes(text);
                break;
            case 4:
                request.ContentType = ContentTypes[random.Next(ContentTypes.Length)];
                break;
            case 5:
                request.Method = Methods[random.Next(Methods.Length)];
                break;
            case 6:
                ChangePath(request, random);
                break;
            case 7:
                var (header, values) = HeaderValues[random.Next(HeaderValues.Length)];
                request.Headers.Add((header, random.Next(10) == 0 ? new string('x', random.Next(1, 9_000)) : values[random.Next(values.Length)]));
                break;
            case 8 when HasNoBody(request.Method):
                request.Body = random.Next(2) == 0 ? "{}"u8.ToArray() : null;
                break;
            default:
                var name = operation.Queries.Count > 0 && random.Next(5) > 0 ? operation.Queries[random.Next(operation.Queries.Count)] : "unknown";
                request.Query.Add($"{name}={AnyText(random)}");
                break;
        }
    }

    private static void ChangePath(FuzzRequest request, Random random)
    {
        var segments = request.Path.Split('/');
        var index = random.Next(1, segments.Length);
        switch (random.Next(6))
        {
            case 0:
                request.Path = request.Path.ToUpperInvariant();
                break;
            case 1:
                request.Path += "/" + AnyText(random);
                break;
            case 2:
                request.Path += "/";
                break;
            default:
                segments[index] = AnyText(random);
                request.Path = string.Join('/', segments);
                break;
        }

        request.Path = request.Path.Replace("#", "%23", StringComparison.Ordinal).Replace("?", "%3F", StringComparison.Ordinal);
    }

    private static string AnyText(Random random) => random.Next(8) == 0 ? new string('a', random.Next(1, 4_000)) : Texts[random.Next(Texts.Length)];

    private string Valid(string name, Random random) => name switch
    {
        "tenant_id" => Tenants[random.Next(Tenants.Length)],
        "message_id" => ids[random.Next(ids.Count)],
        "key_id" => "0123456789abcdef01234567",
        "asset" => "index.html",
        "limit" or "days" => random.Next(1, 200).ToString(CultureInfo.InvariantCulture),
        "group_by" => "week",
        "start_date" or "from" => "2026-01-01",
        "end_date" or "to" => "2026-12-31T00:00:00Z",
        "status" => "sent",
        "provider" => "smtp",
        "error_category" => "network",
        "recipient" => "you@example.com",
        _ => "x",
    };
}
