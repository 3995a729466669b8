using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EmailFunctions.Wire;

namespace EmailFunctions.Configs;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(ConfigFields))]
[JsonSerializable(typeof(ConfigResponse))]
[JsonSerializable(typeof(ConfigTestRequest))]
[JsonSerializable(typeof(ConfigTestResponse))]
[JsonSerializable(typeof(ConfigHealthResponse))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class ConfigJson : JsonSerializerContext;
