using Microsoft.OpenApi;

namespace EmailFunctions.ApiDocs;

/// <summary>What the parameters of paths and queries hold, by name; handlers take them as text, so as to say what is wrong with them.</summary>
internal static class OpenApiParameters
{
    private static readonly Dictionary<string, (string Description, Func<OpenApiSchema> Schema)> Known = new(StringComparer.Ordinal)
    {
        ["tenant_id"] = ("1 to 64 of letters, digits, '.', '_' and '-'.", static () => Text(1, 64, "^[A-Za-z0-9._-]+$")),
        ["tenant"] = ("Part of tenants' names, whatever the case: only these are listed. Absent: all.", static () => Text(1, 64)),
        ["message_id"] = ("As the answer to an accepted message gave it.", static () => Text(1, 97)),
        ["start_date"] = ("A day like 2026-01-31 or a time like 2026-01-31T08:00:00Z. Absent: the first there is; of usage 30 days before end_date, which is at most 366 days later.", static () => Text(10, 40)),
        ["end_date"] = ("A day, which is counted in whole, or a time. Absent: now.", static () => Text(10, 40)),
        ["group_by"] = ("day, week or month. Absent: day.", static () => Choice("day", "week", "month")),
        ["days"] = ("1 to 366, today's included. Absent: 30.", static () => new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = "366" }),
        ["cursor"] = ("The next_cursor of an answer. Absent: the first page.", static () => Text(1, 120)),
        ["error_category"] = ("The last attempt's. Absent: all.", static () => Choice("auth", "network", "timeout", "recipient", "content", "quota", "rate_limited", "config", "provider_unavailable", "unexpected")),
        ["provider"] = ("The last attempt's, or the one that is configured. Absent: all.", static () => Choice("smtp", "aws_ses", "sendgrid", "mailgun", "console", "file")),
        ["from"] = ("A day like 2026-01-31 or a time like 2026-01-31T08:00:00Z: dead since then or later.", static () => Text(10, 40)),
        ["to"] = ("A day, which is counted in whole, or a time: dead before.", static () => Text(10, 40)),
        ["actor"] = ("A credential: key: and an API key's id, token: and a token's subject, desk, command or service. Absent: all.", static () => Text(1, 300)),
        ["action"] = ("What was done, such as config_change. Absent: all.", static () => Text(1, 40)),
        ["active_only"] = ("true: without those that are not active. Absent: all.", static () => Choice("true", "false")),
        ["cancel_waiting"] = ("true: mail that still waits is cancelled, too. Absent: it goes on.", static () => Choice("true", "false")),
        ["limit"] = ("1 to 200. Absent: 50.", static () => new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = "200" }),
        ["status"] = ("sent, failed or dead_lettered. Absent: all.", static () => Choice("sent", "failed", "dead_lettered")),
        ["template_name"] = ("The template's. Absent: all.", static () => Text(1, 200)),
        ["recipient"] = ("An address, of which only the keyed hash is looked up. Absent: all.", static () => Text(3, 254)),
    };

    public static void Complete(OpenApiOperation operation)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
        {
            if (parameter.Name is not { } name || !Known.TryGetValue(name, out var known))
                continue;
            parameter.Description = known.Description;
            parameter.Schema = known.Schema();
        }
    }

    private static OpenApiSchema Text(int minimum, int maximum, string? pattern = null) =>
        new() { Type = JsonSchemaType.String, MinLength = minimum, MaxLength = maximum, Pattern = pattern };

    private static OpenApiSchema Choice(params string[] choices) =>
        new() { Type = JsonSchemaType.String, Enum = [.. choices.Select(static choice => System.Text.Json.Nodes.JsonValue.Create(choice))] };
}
