using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EmailFunctions.Functions;

/// <summary>
/// Reads what the host posts to a function: an object with <c>Data</c>, which holds the binding's value, and <c>Metadata</c>. Hosts
/// disagree about how values are written (a number as a number, or as a string that holds JSON), so both are read.
/// </summary>
internal static class TriggerRequest
{
    /// <summary>The name of the one binding of each function, in its <c>function.json</c>.</summary>
    public const string BindingName = "trigger";

    private const string ProducerTenant = "email_tenant";

    /// <summary>Reads a call.</summary>
    /// <exception cref="FormatException">This is not how a host calls.</exception>
    public static async Task<TriggerCall> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, default, cancellationToken);
            var metadata = Member(document.RootElement, "Metadata") ?? default;
            var data = Member(document.RootElement, "Data") ?? throw new FormatException("The host's call has no Data.");
            return new TriggerCall(
                ReadBody(Member(data, BindingName) ?? default),
                NameOf(metadata),
                (int)(Number(metadata, "DeliveryCount") ?? Number(metadata, "DequeueCount") ?? 1),
                TraceOf(metadata))
            {
                ProducerTenant = ProducerTenantOf(metadata),
            };
        }
        catch (JsonException exception)
        {
            throw new FormatException("The host's call is not JSON.", exception);
        }
    }

    // A plain AMQP client need not name its messages; their numbers in the queue tell them apart.
    private static string NameOf(JsonElement metadata) =>
        Text(metadata, "MessageId") ?? Text(metadata, "Id") ?? (Number(metadata, "SequenceNumber") is { } number ? string.Create(CultureInfo.InvariantCulture, $"sequence-{number}") : "");

    // With dataType binary a message is base64. What is not, some host has written as text, or as the JSON that the text is.
    private static byte[] ReadBody(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String when value.TryGetBytesFromBase64(out var bytes) => bytes,
        JsonValueKind.String => Encoding.UTF8.GetBytes(Unquoted(value.GetString()!)),
        JsonValueKind.Object or JsonValueKind.Array => Encoding.UTF8.GetBytes(value.GetRawText()),
        _ => [],
    };

    // "\"text\"" is text that was written as JSON twice.
    private static string Unquoted(string text)
    {
        if (text is not ['"', .., '"'])
            return text;
        try
        {
            using var inner = JsonDocument.Parse(text);
            return inner.RootElement.GetString()!;
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private static string? Text(JsonElement metadata, string name) =>
        Member(metadata, name) is { ValueKind: JsonValueKind.String } value && Unquoted(value.GetString()!) is { Length: > 0 } text ? text : null;

    private static long? Number(JsonElement metadata, string name) => Member(metadata, name) switch
    {
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt64(out var number) => number,
        { ValueKind: JsonValueKind.String } value when long.TryParse(Unquoted(value.GetString()!), NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };

    // Service Bus clients carry the trace as Diagnostic-Id, others as traceparent. It is the sender's text, and is stored: what is no trace is none.
    private static string? TraceOf(JsonElement metadata) =>
        Member(metadata, "ApplicationProperties") is { ValueKind: JsonValueKind.Object } properties
            && (Text(properties, "traceparent") ?? Text(properties, "Diagnostic-Id")) is { } trace
            && ActivityContext.TryParse(trace, traceState: null, out _)
            ? trace
            : null;

    // The queue itself sets it, over what a producer may have set (docs/azure.md). So it is looked for by no other spelling, in which a producer
    // could bring one of its own; and one that can't be read is not one that is absent: nobody could send for a tenant without a name.
    private static string? ProducerTenantOf(JsonElement metadata)
    {
        if (Member(metadata, "ApplicationProperties") is not { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } properties)
            return null;
        if (properties.ValueKind == JsonValueKind.String)
        {
            using var inner = JsonDocument.Parse(properties.GetString()!);
            properties = inner.RootElement.Clone();
        }

        return properties.ValueKind != JsonValueKind.Object ? ""
            : !properties.TryGetProperty(ProducerTenant, out var tenant) ? null
            : tenant.ValueKind == JsonValueKind.String ? Unquoted(tenant.GetString()!) : "";
    }

    private static JsonElement? Member(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return null;
        foreach (var member in element.EnumerateObject())
        {
            if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return member.Value;
        }

        return null;
    }
}
