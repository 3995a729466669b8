using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using EmailFunctions.Spooling;

namespace EmailFunctions.Ingest;

/// <summary>
/// What event producers may put on the queue, as JSON Schema (draft 2020-12), made from the type that reads it. Rules that a schema
/// can't tell (addresses, sizes over several fields) are checked on receipt beyond it.
/// </summary>
internal static class ProducerSchema
{
    public static JsonObject Create()
    {
        var options = new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Complete };
        var schema = IngestJson.Default.ProducerMessage.GetJsonSchemaAsNode(options).AsObject();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "A message that an event producer puts on the queue email-in");
        // The exporter takes a class for something that may be null; a message may not.
        schema["type"] = "object";
        return schema;
    }

    private static JsonObject Complete(JsonSchemaExporterContext context, JsonNode node)
    {
        var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        // Converters of ours read times, files and texts, and the exporter can't look into one.
        if (type == typeof(DateTimeOffset))
            node = new JsonObject { ["type"] = new JsonArray("string", "null"), ["format"] = "date-time" };
        else if (type == typeof(SpoolSlice) || type == typeof(SpoolText))
            node = new JsonObject { ["type"] = new JsonArray("string", "null") };
        // Anything: older tools don't know that "true" says so.
        var schema = node as JsonObject ?? [];
        AddRequired(context, schema);
        if (context.PropertyInfo?.AttributeProvider is { } attributes)
            AddRules(schema, attributes);
        return schema;
    }

    private static void AddRequired(JsonSchemaExporterContext context, JsonObject schema)
    {
        var required = context.TypeInfo.Properties.Where(static property => Get<RequiredAttribute>(property.AttributeProvider) is not null);
        var names = required.Select(static property => JsonValue.Create(property.Name)).ToArray<JsonNode?>();
        if (names.Length > 0)
            schema["required"] = new JsonArray(names);
    }

    private static void AddRules(JsonObject schema, ICustomAttributeProvider attributes)
    {
        if (Get<RequiredAttribute>(attributes) is not null && schema["type"] is JsonArray types)
            schema["type"] = types.Select(static type => type!.GetValue<string>()).First(static type => type != "null");
        var counts = schema["items"] is null ? "Length" : "Items";
        var length = Get<LengthAttribute>(attributes);
        if ((length?.MinimumLength ?? Get<MinLengthAttribute>(attributes)?.Length) is { } minimum)
            schema["min" + counts] = minimum;
        if ((length?.MaximumLength ?? Get<MaxLengthAttribute>(attributes)?.Length) is { } maximum)
            schema["max" + counts] = maximum;
        if (Get<AllowedValuesAttribute>(attributes) is { } allowed)
            schema["enum"] = new JsonArray([.. allowed.Values.Select(static value => JsonValue.Create((string?)value))]);
        if (Get<DescriptionAttribute>(attributes) is { } description)
            schema.Insert(0, "description", description.Description);
    }

    private static T? Get<T>(ICustomAttributeProvider? attributes) where T : Attribute =>
        (T?)attributes?.GetCustomAttributes(typeof(T), inherit: true).FirstOrDefault();
}
