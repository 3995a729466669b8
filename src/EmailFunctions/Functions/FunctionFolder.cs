using System.Text.Json;

namespace EmailFunctions.Functions;

/// <summary>Writes the folders by which the host knows the functions: one for each, named as it is, with its <c>function.json</c>.</summary>
internal static class FunctionFolder
{
    /// <summary>The settings of the host's connections.</summary>
    private const string ServiceBusConnection = "ServiceBus";
    private const string StorageConnection = "AzureWebJobsStorage";

    private const string FileName = "function.json";

    /// <summary>Writes all, and removes those of functions that are no more.</summary>
    public static void Write(string folder, IReadOnlyList<HttpFunction> endpoints, IReadOnlyList<TriggerFunction> triggers)
    {
        foreach (var old in Directory.GetFiles(folder, FileName, new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 }))
            Directory.Delete(Path.GetDirectoryName(old)!, recursive: true);
        foreach (var endpoint in endpoints)
            Write(folder, endpoint.Name, json => WriteHttp(json, endpoint));
        foreach (var trigger in triggers)
            Write(folder, trigger.Name, json => WriteTrigger(json, trigger.Trigger));
    }

    private static void Write(string folder, string name, Action<Utf8JsonWriter> writeBindings)
    {
        var path = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        using var file = File.Create(Path.Combine(path, FileName));
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteStartArray("bindings");
        writeBindings(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // Who may call is decided by the service itself, which knows tenants; a key of the host's would be one for all.
    private static void WriteHttp(Utf8JsonWriter json, HttpFunction endpoint)
    {
        json.WriteStartObject();
        WriteHead(json, "httpTrigger", "in", "req");
        json.WriteString("authLevel", "anonymous");
        json.WriteString("route", endpoint.Route);
        json.WriteStartArray("methods");
        foreach (var method in endpoint.Methods)
            json.WriteStringValue(method);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject();
        WriteHead(json, "http", "out", "res");
        json.WriteEndObject();
    }

    private static void WriteTrigger(Utf8JsonWriter json, Trigger trigger)
    {
        json.WriteStartObject();
        switch (trigger)
        {
            case ServiceBusTrigger bus:
                WriteHead(json, "serviceBusTrigger", "in", TriggerRequest.BindingName);
                WriteQueue(json, bus.Queue, ServiceBusConnection);
                break;
            case StorageQueueTrigger queue:
                WriteHead(json, "queueTrigger", "in", TriggerRequest.BindingName);
                WriteQueue(json, queue.Queue, StorageConnection);
                break;
            case TimerTrigger timer:
                WriteHead(json, "timerTrigger", "in", TriggerRequest.BindingName);
                json.WriteString("schedule", timer.Schedule);
                break;
            default:
                throw new NotSupportedException(trigger.GetType().Name);
        }

        json.WriteEndObject();
    }

    // Binary: a message that is a JSON object in text would overwrite the metadata of the same name.
    private static void WriteQueue(Utf8JsonWriter json, string queue, string connection)
    {
        json.WriteString("queueName", queue);
        json.WriteString("connection", connection);
        json.WriteString("dataType", "binary");
    }

    private static void WriteHead(Utf8JsonWriter json, string type, string direction, string name)
    {
        json.WriteString("type", type);
        json.WriteString("direction", direction);
        json.WriteString("name", name);
    }
}
