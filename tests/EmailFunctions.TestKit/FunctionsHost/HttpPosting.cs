using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Newtonsoft.Json.Linq;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// Public requests as the payload of <c>POST /{FunctionName}</c>: of functions that are more than HTTP, and where neither
/// proxying nor forwarding is on.
/// </summary>
internal sealed class HttpPosting(FunctionInvoker invoker)
{
    /// <summary>False when the invocation failed.</summary>
    public async Task<bool> RunAsync(FunctionDefinition function, HttpContext context)
    {
        var values = context.GetRouteData().Values;
        var request = await RequestAsync(context.Request, values);
        var payload = TriggerPayload.Create(function.Trigger.Name, request, values, function.Name, invoker.Time.GetUtcNow());
        var (record, result) = await invoker.PostAsync(function, payload, deliveryCount: 0);
        if (result is not null)
        {
            await WriteAsync(function, result, context.Response);
        }

        return record.Succeeded;
    }

    private static async Task<JObject> RequestAsync(HttpRequest request, RouteValueDictionary values)
    {
        var json = new JObject
        {
            ["Url"] = $"{request.Scheme}://{request.Host}{request.Path}{request.QueryString}",
            ["Method"] = request.Method,
            ["Query"] = JObject.FromObject(request.Query.ToDictionary(pair => pair.Key, pair => pair.Value.ToString())),
            ["Headers"] = JObject.FromObject(request.Headers.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray())),
            ["Params"] = JObject.FromObject(values.ToDictionary(pair => pair.Key, pair => pair.Value)),
            ["Identities"] = new JArray(),
        };
        if (request.ContentLength is > 0)
        {
            using var reader = new StreamReader(request.Body);
            json["Body"] = await reader.ReadToEndAsync();
        }

        return json;
    }

    // Without a value for the binding the answer is an empty 200.
    private static async Task WriteAsync(FunctionDefinition function, InvocationResult result, HttpResponse response)
    {
        var output = function.Bindings.FirstOrDefault(binding => !binding.IsInput && binding.Is("http"));
        if (output is null || result.Outputs?.TryGetValue(output.Name, out var value) is not true || value is not JObject answer)
        {
            return;
        }

        var fields = new Dictionary<string, JToken?>(StringComparer.OrdinalIgnoreCase);
        foreach (var property in answer.Properties())
        {
            fields[property.Name] = property.Value;
        }

        response.StatusCode = (int?)(fields.GetValueOrDefault("statusCode") ?? fields.GetValueOrDefault("status")) ?? StatusCodes.Status200OK;
        foreach (var header in (fields.GetValueOrDefault("headers") as JObject)?.Properties() ?? [])
        {
            response.Headers[header.Name] = header.Value.ToString();
        }

        await response.WriteAsync(fields.GetValueOrDefault("body")?.ToString() ?? "");
    }
}
