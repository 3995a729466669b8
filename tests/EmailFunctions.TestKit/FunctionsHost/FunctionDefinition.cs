using System.Text.Json.Nodes;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>One binding of a function.json, with its settings resolved.</summary>
internal sealed record FunctionBinding(string Type, string Name, bool IsInput, JsonObject Properties)
{
    public bool IsTrigger => Type.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase);

    public bool IsBinary => string.Equals(Text("dataType"), "binary", StringComparison.OrdinalIgnoreCase);

    public bool Is(string type) => string.Equals(Type, type, StringComparison.OrdinalIgnoreCase);

    public string? Text(string property) =>
        Properties.FirstOrDefault(pair => string.Equals(pair.Key, property, StringComparison.OrdinalIgnoreCase)).Value?.ToString();
}

/// <summary>A function: its folder's name and what its function.json says.</summary>
internal sealed record FunctionDefinition(string Name, IReadOnlyList<FunctionBinding> Bindings, bool Disabled)
{
    public FunctionBinding Trigger => Bindings.Single(binding => binding.IsTrigger);

    public bool IsHttp => Trigger.Is("httpTrigger");

    /// <summary>Nothing but an HTTP request in and an HTTP answer out: what is proxied or forwarded.</summary>
    public bool IsPureHttp =>
        IsHttp && Bindings.Count(binding => binding.IsInput) == 1
        && Bindings.Count(binding => !binding.IsInput) == 1 && Bindings.Single(binding => !binding.IsInput).Is("http");

    public string Route => Trigger.Text("route") is { Length: > 0 } route ? route : Name;

    /// <summary>The accepted methods; none: all.</summary>
    public IReadOnlyList<string> Methods =>
        Trigger.Properties["methods"] is JsonArray methods ? [.. methods.Select(method => method!.ToString().ToUpperInvariant())] : [];

    public string AuthLevel => Trigger.Text("authLevel")?.ToUpperInvariant() ?? "FUNCTION";
}
