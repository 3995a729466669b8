using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace EmailFunctions.Problems;

/// <summary>Problem details as they are on the wire.</summary>
public sealed record ProblemBody(
    string Type,
    string Title,
    int Status,
    string Detail,
    string Instance,
    string TraceId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Dictionary<string, string[]>? Errors);

/// <summary>Writes a problem as the answer of a request.</summary>
public static class ProblemWriter
{
    // Not a URL: the project has no domain of its own that could answer there.
    private const string TypePrefix = "urn:email-functions:problem:";

    public static Task WriteAsync(HttpContext context, Problem problem)
    {
        var response = context.Response;
        response.StatusCode = problem.Status;
        if (problem.RetryAfter is { } wait)
            response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        var body = new ProblemBody(
            TypePrefix + problem.Kind, problem.Title, problem.Status, problem.Detail, context.Request.Path, TraceId(context), problem.Errors);
        return response.WriteAsJsonAsync(body, ProblemJson.Default.ProblemBody, Problem.ContentType, context.RequestAborted);
    }

    public static string TraceId(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class ProblemJson : JsonSerializerContext;
