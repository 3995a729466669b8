using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Serialization;
using EmailFunctions.Messages;
using EmailFunctions.Sending;
using EmailFunctions.Wire;

namespace EmailFunctions.Ingest;

/// <summary>A message as an event producer puts it on the queue: as a client sends it, and it may carry its own name.</summary>
public sealed record ProducerMessage : SendRequest
{
    [Description("The producer's own name for the message, unique within its tenant; the same name brings the message once. Absent: the queue's id of the message.")]
    [Length(1, ProducerIds.MaxLength)]
    public string? MessageId { get; set; }

    public override string ToString() => nameof(ProducerMessage);

    /// <summary>Finds what is wrong with the name.</summary>
    internal void ValidateName(FieldErrors errors)
    {
        if (MessageId is not { } name)
            return;
        if (name.Length is 0 or > ProducerIds.MaxLength || name.Any(char.IsControl))
            errors.Add("message_id", string.Create(CultureInfo.InvariantCulture, $"must have 1 to {ProducerIds.MaxLength} characters, without control characters"));
        else if (Messages.MessageId.TryParse(name, out _))
            errors.Add("message_id", "must not look like an id of the service's own, which is a tenant, a tilde and 32 hexadecimal digits");
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters = [typeof(Rfc3339Converter), typeof(FileReferences), typeof(TextReferences)])]
[JsonSerializable(typeof(ProducerMessage))]
internal sealed partial class IngestJson : JsonSerializerContext;
