using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing.Patterns;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// Reads the function.json of each direct child folder. The real host leaves out a function it cannot load and goes on; a test
/// should rather hear of it, so here it is a refusal.
/// </summary>
internal static partial class FunctionLoader
{
    private static readonly string[] OwnTypes = ["httpTrigger", "http", "timerTrigger"];

    private static readonly string[] ExtensionTypes = ["serviceBusTrigger", "serviceBus", "queueTrigger", "queue"];

    private static readonly string[] AuthLevels = ["ANONYMOUS", "FUNCTION", "ADMIN"];

    private static readonly string[] HostRoutes = ["admin", "runtime"];

    /// <exception cref="FunctionsHostException">Names every function that would not load, and why.</exception>
    public static IReadOnlyList<FunctionDefinition> Load(string scriptRoot, HostFile host, AppSettings settings)
    {
        var functions = new List<FunctionDefinition>();
        var refusals = new List<string>();
        foreach (var folder in Directory.GetDirectories(scriptRoot).Order(StringComparer.Ordinal))
        {
            var file = Path.Combine(folder, "function.json");
            if (!File.Exists(file))
            {
                continue;
            }

            try
            {
                functions.Add(Load(folder, file, host.HasExtensions ? [.. OwnTypes, .. ExtensionTypes] : OwnTypes, settings));
            }
            catch (Exception error) when (error is FunctionsHostException or JsonException or RoutePatternException)
            {
                refusals.Add($"{Path.GetFileName(folder)}: {error.Message}");
            }
        }

        refusals.AddRange(
            from function in functions
            group function by function.Name.ToUpperInvariant() into same
            where same.Count() > 1
            select $"{same.First().Name}: the name is there twice.");
        return refusals.Count == 0 ? functions : throw new FunctionsHostException(string.Join('\n', refusals));
    }

    private static FunctionDefinition Load(string folder, string file, string[] types, AppSettings settings)
    {
        var name = Path.GetFileName(folder);
        Require(FunctionName().IsMatch(name), "the folder's name is no function name.");
        var others = Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Where(entry => entry != "function.json").ToList();
        Require(others.Count == 0, $"the folder has further files, one of which would be run as a script: {string.Join(", ", others)}.");
        var json = JsonNode.Parse(File.ReadAllText(file)) as JsonObject ?? throw new FunctionsHostException("function.json is no object.");
        Require(json["bindings"] is JsonArray { Count: > 0 }, "at least one binding is needed.");
        var bindings = json["bindings"]!.AsArray().Select(node => Binding(node, types, settings)).ToList();
        Require(bindings.Count(binding => binding.IsTrigger) == 1, "exactly one trigger is needed.");
        Require(bindings.DistinctBy(binding => binding.Name).Count() == bindings.Count, "two bindings have the same name.");
        var function = new FunctionDefinition(name, bindings, IsDisabled(json, settings) || settings.IsDisabled(name));
        CheckTrigger(function);
        return function;
    }

    private static FunctionBinding Binding(JsonNode? node, string[] types, AppSettings settings)
    {
        var json = node as JsonObject ?? throw new FunctionsHostException("a binding is no object.");
        Resolve(json, settings);
        var type = json["type"]?.ToString() ?? throw new FunctionsHostException("a binding has no type.");
        var name = json["name"]?.ToString() ?? "";
        Require(types.Contains(type, StringComparer.OrdinalIgnoreCase), $"the binding type '{type}' is not registered.");
        Require(name is "$return" || BindingName().IsMatch(name), $"the binding name '{name}' is not valid.");
        var direction = json["direction"]?.ToString().ToUpperInvariant();
        Require(direction is "IN" or "OUT", $"the binding '{name}' needs the direction in or out.");
        var binding = new FunctionBinding(type, name, direction is "IN", json);
        Require(binding.IsInput || !binding.IsTrigger, "a trigger's direction must be in.");
        return binding;
    }

    // Text anywhere in the binding is resolved.
    private static void Resolve(JsonNode node, AppSettings settings)
    {
        if (node is JsonObject json)
        {
            foreach (var (key, value) in json.ToList())
            {
                if (value is JsonValue text && text.TryGetValue(out string? content))
                {
                    json[key] = settings.Resolve(content);
                }
                else if (value is not null)
                {
                    Resolve(value, settings);
                }
            }
        }
    }

    // True, or the name of a setting that is.
    private static bool IsDisabled(JsonObject function, AppSettings settings) => function["disabled"] switch
    {
        null => false,
        JsonValue value when value.TryGetValue(out bool disabled) => disabled,
        var name => AppSettings.IsTrue(settings.Find(name.ToString().Trim('%'))),
    };

    private static void CheckTrigger(FunctionDefinition function)
    {
        var trigger = function.Trigger;
        if (function.IsHttp)
        {
            CheckRoute(function);
        }
        else if (trigger.Is("serviceBusTrigger"))
        {
            Require(trigger.Text("queueName") is { Length: > 0 }, "a Service Bus trigger needs a queueName (topics are not known here).");
            Require(trigger.Text("connection") is { Length: > 0 }, "a Service Bus trigger needs a connection.");
            Require(trigger.Text("cardinality")?.ToUpperInvariant() is null or "ONE", "only the cardinality one is known here.");
        }
        else if (trigger.Is("queueTrigger"))
        {
            Require(trigger.Text("queueName") is { Length: > 0 }, "a queue trigger needs a queueName.");
        }
        else
        {
            _ = CronSchedule.Parse(trigger.Text("schedule") ?? "");
        }
    }

    private static void CheckRoute(FunctionDefinition function)
    {
        Require(AuthLevels.Contains(function.AuthLevel), $"the authLevel '{function.AuthLevel}' is not known.");
        var route = RoutePatternFactory.Parse(function.Route.TrimStart('/'));
        var first = route.PathSegments is [{ Parts: [RoutePatternLiteralPart literal] }, ..] ? literal.Content : "";
        Require(!HostRoutes.Contains(first, StringComparer.OrdinalIgnoreCase), $"the route '{function.Route}' belongs to the host.");
    }

    private static void Require(bool holds, string refusal)
    {
        if (!holds)
        {
            throw new FunctionsHostException(refusal);
        }
    }

    [GeneratedRegex(@"^[a-zA-Z][a-zA-Z0-9_\-]{0,127}$")]
    private static partial Regex FunctionName();

    [GeneratedRegex("^[a-zA-Z][a-zA-Z0-9]{0,127}$")]
    private static partial Regex BindingName();
}
