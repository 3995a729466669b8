using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using EmailFunctions.Spooling;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace EmailFunctions.ApiDocs;

/// <summary>What schemas say beyond what the types say by themselves.</summary>
internal static class OpenApiSchemas
{
    /// <summary>The schema's name among the components; null: it has none and stands where it is used.</summary>
    public static string? NameOf(JsonTypeInfo type) =>
        (Nullable.GetUnderlyingType(type.Type) ?? type.Type) is var plain && (plain == typeof(JsonElement) || plain == typeof(SpoolSlice) || plain == typeof(SpoolText)) ? null : OpenApiOptions.CreateDefaultSchemaReferenceId(type);

    public static Task CompleteAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = context.JsonTypeInfo.Type;
        // Converters of ours write times and read files and texts, and the exporter can't look into one.
        if (type == typeof(DateTimeOffset))
            schema.Type = JsonSchemaType.String;
        else if (type == typeof(DateTimeOffset?))
            schema.Type = JsonSchemaType.String | JsonSchemaType.Null;
        else if (type == typeof(SpoolText))
            (schema.Type, schema.Description) = (JsonSchemaType.String | JsonSchemaType.Null, DescriptionOf(context.JsonPropertyInfo));
        else if (type == typeof(SpoolSlice))
            (schema.Type, schema.Format, schema.Description) = (JsonSchemaType.String | JsonSchemaType.Null, "byte", DescriptionOf(context.JsonPropertyInfo));
        if (context.JsonPropertyInfo is { } property && (Has<RequiredAttribute>(property) || Has<JsonIgnoreAttribute>(property)))
            schema.Type &= ~JsonSchemaType.Null;
        // What is left out where there is nothing to say is never null, and not always there.
        foreach (var optional in context.JsonTypeInfo.Properties.Where(Has<JsonIgnoreAttribute>))
            schema.Required?.Remove(optional.Name);
        return Task.CompletedTask;
    }

    // Else it would be what our own code says of the type.
    private static string? DescriptionOf(JsonPropertyInfo? property) =>
        property?.AttributeProvider?.GetCustomAttributes(typeof(DescriptionAttribute), inherit: true) is [DescriptionAttribute description] ? description.Description : null;

    private static bool Has<T>(JsonPropertyInfo property) => property.AttributeProvider?.IsDefined(typeof(T), inherit: true) == true;
}
