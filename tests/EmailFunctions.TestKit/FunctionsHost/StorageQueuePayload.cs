using System.Text;
using Azure.Storage.Queues.Models;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>What a queue trigger's function gets.</summary>
internal static class StorageQueuePayload
{
    /// <summary>Null when the text is not in the encoding that host.json names.</summary>
    public static TriggerPayload? Read(FunctionDefinition function, QueueMessage message, bool isBase64, DateTimeOffset now)
    {
        byte[] body;
        try
        {
            var text = message.Body.ToString();
            body = isBase64 ? Convert.FromBase64String(text) : Encoding.UTF8.GetBytes(text);
        }
        catch (FormatException)
        {
            return null;
        }

        object value = function.Trigger.IsBinary ? body : Encoding.UTF8.GetString(body);
        return TriggerPayload.Create(function.Trigger.Name, value, BindingData(message, value), function.Name, now);
    }

    private static Dictionary<string, object?> BindingData(QueueMessage message, object value) => new()
    {
        ["QueueTrigger"] = value,
        ["DequeueCount"] = message.DequeueCount,
        ["ExpirationTime"] = message.ExpiresOn ?? DateTimeOffset.MaxValue,
        ["Id"] = message.MessageId,
        ["InsertionTime"] = message.InsertedOn ?? default,
        ["NextVisibleTime"] = message.NextVisibleOn ?? DateTimeOffset.MaxValue,
        ["PopReceipt"] = message.PopReceipt,
    };
}
