using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Fuzz;

/// <summary>Makes calls of one tenant with names, ids, cursors, keys and tags of both mixed in.</summary>
internal sealed class IsolationCalls(IReadOnlyList<ApiOperation> operations, Random random)
{
    private const string Nobody = "nobody-5e0b";

    private static readonly string[] Values = ["sent", "failed", "smtp", "day", "you@example.com", "2026-01-31", "true", "network", "welcome"];

    /// <summary>A request of <paramref name="own"/>, and which operation it is for.</summary>
    public (HttpRequestMessage Request, ApiOperation Operation) Next(TenantTrack own, TenantTrack foreign)
    {
        var operation = operations[random.Next(operations.Count)];
        var path = operation.PathWith(name => Uri.EscapeDataString(ValueOf(name, own, foreign)));
        var query = string.Join('&', operation.Queries.Where(_ => Chance(0.3)).Concat(Chance(0.1) ? ["tenant_id", "cursor"] : []).Distinct()
            .Select(name => $"{name}={Uri.EscapeDataString(ValueOf(name, own, foreign))}"));
        var request = new HttpRequestMessage(new HttpMethod(operation.Method), query.Length == 0 ? path : $"{path}?{query}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Chance(0.7) ? own.Token : own.Key);
        if (Chance(0.5))
            request.Headers.TryAddWithoutValidation("Idempotency-Key", $"key-{random.Next(60)}");
        if (Chance(0.2))
            request.Headers.TryAddWithoutValidation("If-Match", Either(own, foreign).Any("etag", random));
        if (BodyOf(operation, own, foreign) is { } body)
            request.Content = ServiceHost.Json(body.ToJsonString());
        return (request, operation);
    }

    /// <summary>A body for an operation; null where it takes none.</summary>
    public JsonNode? BodyOf(ApiOperation operation, TenantTrack own, TenantTrack foreign)
    {
        if (operation.Example?.DeepClone() is not { } body)
            return null;
        Mix(body, own, foreign);
        // By this its configurations are known once mail goes through them.
        if (body is JsonObject config && config.ContainsKey("provider_type"))
            (config["provider_type"], config["from_email"]) = ("file", $"hello@{own.Name}.example");
        if (body is JsonObject whole && Chance(0.1))
            whole["tenant_id"] = TenantOf(own, foreign);
        return body;
    }

    private void Mix(JsonNode node, TenantTrack own, TenantTrack foreign)
    {
        switch (node)
        {
            case JsonArray array:
                foreach (var item in array.OfType<JsonNode>())
                    Mix(item, own, foreign);
                break;
            case JsonObject map:
                foreach (var (name, value) in map.ToList())
                {
                    if (name is "tenant_id" or "message_id" or "cursor" or "idempotency_key")
                        map[name] = ValueOf(name, own, foreign);
                    else if (value is not null)
                        Mix(value, own, foreign);
                }

                break;
        }
    }

    private string ValueOf(string name, TenantTrack own, TenantTrack foreign) => name switch
    {
        "tenant_id" => TenantOf(own, foreign),
        "message_id" => MessageOf(own, foreign),
        "key_id" => Either(own, foreign).Any("key", random),
        "cursor" => Either(own, foreign).Any("cursor", random),
        "idempotency_key" => $"key-{random.Next(60)}",
        "asset" => "index.html",
        "limit" or "days" => "2",
        _ => Values[random.Next(Values.Length)],
    };

    // Its own name before the other's digits is an id that nobody has, and the other way round.
    private string MessageOf(TenantTrack own, TenantTrack foreign)
    {
        var id = Either(own, foreign).Any("message", random);
        return Chance(0.2) && id.Split('~') is [_, var digits] ? $"{Either(own, foreign).Name}~{digits}" : id;
    }

    private string TenantOf(TenantTrack own, TenantTrack foreign) => Chance(0.05) ? Nobody : Chance(0.6) ? own.Name : foreign.Name;

    private TenantTrack Either(TenantTrack own, TenantTrack foreign) => Chance(0.5) ? own : foreign;

    private bool Chance(double share) => random.NextDouble() < share;
}
