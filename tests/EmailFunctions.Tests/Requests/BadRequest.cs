using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EmailFunctions.Tests.Requests;

/// <summary>A request that must be refused, and the field that the refusal must name.</summary>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">Path and query.</param>
/// <param name="Body">The raw body; null: none.</param>
/// <param name="Field">The field in <c>errors</c>; null where none is to blame.</param>
/// <param name="Status">The status that it must get.</param>
internal sealed record BadRequest(string Name, string Method, string Path, byte[]? Body, string? Field, int Status = 400)
{
    public const string SendPath = "/api/v1/email/send";
    public const string BatchPath = "/api/v1/email/send/batch";
    public const string ConfigPath = "/api/v1/email/configs/acme";

    /// <summary>Stands in every value of a table row; no answer may repeat it.</summary>
    public const string Canary = "canary7f3a";

    public string ContentType { get; init; } = "application/json";

    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>A message that is good but for the fields given, whose values are raw JSON; an empty one removes the field.</summary>
    public static BadRequest Send(string name, string field, params (string Name, string Json)[] fields) =>
        new(name, "POST", SendPath, Encoding.UTF8.GetBytes(Object(
            [("to", """["canary7f3a@example.com"]"""), ("subject", "\"canary7f3a\""), ("body", "\"canary7f3a\"")], fields)), field);

    /// <summary>A configuration that is good but for the fields given.</summary>
    public static BadRequest Config(string name, string field, params (string Name, string Json)[] fields) =>
        new(name, "POST", ConfigPath, Encoding.UTF8.GetBytes(Object(
            [("provider_type", "\"smtp\""), ("smtp_host", "\"mail.example.com\""), ("from_email", "\"canary7f3a@example.com\"")], fields)), field);

    /// <summary>A body as it stands.</summary>
    public static BadRequest Raw(string name, string path, byte[] body, string field = "$", int status = 400) =>
        new(name, "POST", path, body, field, status);

    public static BadRequest Raw(string name, string path, string body, string field = "$", int status = 400) =>
        Raw(name, path, Encoding.UTF8.GetBytes(body), field, status);

    public static BadRequest Get(string name, string path, string? field, int status = 400) => new(name, "GET", path, null, field, status);

    /// <summary>A JSON string, with every odd character escaped.</summary>
    public static string Text(string value) => JsonSerializer.Serialize(value);

    public static string Repeat(char character, int count) => Text(new string(character, count));

    private static string Object((string Name, string Json)[] good, (string Name, string Json)[] overrides)
    {
        var names = overrides.Select(static field => field.Name).ToHashSet();
        var fields = good.Where(field => !names.Contains(field.Name)).Concat(overrides).Where(static field => field.Json.Length > 0);
        return "{" + string.Join(",", fields.Select(static field => $"{JsonValue.Create(field.Name).ToJsonString()}:{field.Json}")) + "}";
    }
}
