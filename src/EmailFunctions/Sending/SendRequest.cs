using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using EmailFunctions.Spooling;
using EmailFunctions.Wire;

namespace EmailFunctions.Sending;

/// <summary>
/// A message to send, as a client writes it. Its properties can be set, since the serialiser takes a slower path for those that
/// can't, and every mail passes here.
/// </summary>
public record SendRequest
{
    /// <summary>Where a message may be large.</summary>
    internal static IReadOnlyList<ValuePlace> LargeValues { get; } = [ValuePlace.Text("body"), ValuePlace.Text("body_html"), ValuePlace.File("attachments", "content")];

    [Description("Absent: the caller's own tenant.")]
    [Length(1, 64)]
    public string? TenantId { get; set; }

    [Description("1 to 100 addresses; to, cc and bcc together at most 100.")]
    [Required]
    [MinLength(1)]
    [MaxLength(100)]
    public List<string>? To { get; set; }

    [MaxLength(100)]
    public List<string>? Cc { get; set; }

    [MaxLength(100)]
    public List<string>? Bcc { get; set; }

    [Required]
    [MinLength(1)]
    [MaxLength(500)]
    public string? Subject { get; set; }

    [Description("The plain text. This or body_html, or both. All of a message holds at most 26,214,400 bytes.")]
    public SpoolText? Body { get; set; }

    [Description("The HTML. All of a message holds at most 26,214,400 bytes.")]
    public SpoolText? BodyHtml { get; set; }

    [Description("Absent: the configuration's from_email.")]
    [MaxLength(254)]
    public string? FromEmail { get; set; }

    [Length(1, 100)]
    public string? FromName { get; set; }

    [MaxLength(254)]
    public string? ReplyTo { get; set; }

    [Description("Further header fields, at most 50, with names of at most 76 and values of at most 2,000 characters; those that the service writes itself are refused.")]
    public Dictionary<string, string>? Headers { get; set; }

    [Description("Their bytes count decoded; all of a message holds at most 26,214,400.")]
    [MaxLength(500)]
    public List<AttachmentRequest>? Attachments { get; set; }

    [Description("high overtakes all of its tenant that waits; low lets others go first, but gets at least one turn in ten.")]
    [AllowedValues("high", "normal", "low", null)]
    [DefaultValue("normal")]
    public string? Priority { get; set; }

    [Description("At most 10 unique strings of at most 128 characters.")]
    [MaxLength(10)]
    public List<string>? Tags { get; set; }

    [Description("At most 8 KB.")]
    public Dictionary<string, string>? Metadata { get; set; }

    [Description("Not in this version.")]
    public string? TemplateName { get; set; }

    [Description("Not in this version.")]
    public JsonElement? TemplateData { get; set; }

    [Description("Not to be sent before; at most a year ahead. A time that has passed means now.")]
    public DateTimeOffset? SendAt { get; set; }

    [Description("Not to be sent after; it must lie ahead, and after send_at.")]
    public DateTimeOffset? ExpiresAt { get; set; }

    [Description("The same as the header Idempotency-Key.")]
    [Length(1, 256)]
    public string? IdempotencyKey { get; set; }

    /// <summary>Says nothing: a record prints its members, and these must reach no log.</summary>
    public override string ToString() => nameof(SendRequest);
}

public sealed record AttachmentRequest
{
    [Required]
    [Length(1, 255)]
    public string? Filename { get; set; }

    [Required]
    [Length(1, 255)]
    public string? ContentType { get; set; }

    [Description("The file in base64.")]
    [Required]
    public SpoolSlice? Content { get; set; }

    [Description("Makes it an inline part, which HTML shows as cid:…")]
    [Length(1, 200)]
    public string? ContentId { get; set; }

    public override string ToString() => nameof(AttachmentRequest);
}

/// <summary>The answer to an accepted message.</summary>
public sealed record SendResponse(
    string MessageId,
    [property: Description("queued.")] string Status,
    string TenantId,
    DateTimeOffset AcceptedAt,
    [property: Description("When it is to be sent, where it must wait and that is known.")]
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? ScheduledFor,
    [property: Description("The limit that makes it wait: per_minute, per_hour, daily_quota, monthly_budget or provider.")]
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Limit);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters = [typeof(Rfc3339Converter), typeof(FileReferences), typeof(TextReferences)])]
[JsonSerializable(typeof(SendRequest))]
[JsonSerializable(typeof(SendResponse))]
[JsonSerializable(typeof(BatchRequest))]
[JsonSerializable(typeof(BatchResponse))]
internal sealed partial class SendJson : JsonSerializerContext;
