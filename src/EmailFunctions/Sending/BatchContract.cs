using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using EmailFunctions.Messages;
using EmailFunctions.Problems;

namespace EmailFunctions.Sending;

/// <summary>Many messages in one request, as a client writes them.</summary>
public sealed record BatchRequest
{
    public const int MaxMessages = 1_000;

    [Description("1 to 1,000, each accepted or refused by itself. All of the body holds at most 52,428,800 bytes.")]
    [Required]
    [MinLength(1)]
    [MaxLength(MaxMessages)]
    public List<SendRequest>? Messages { get; set; }

    public override string ToString() => nameof(BatchRequest);
}

/// <summary>What became of each message, in the order of the request.</summary>
public sealed record BatchResponse(IReadOnlyList<BatchResult> Results);

public sealed record BatchResult(
    [property: Description("The message's position in the request, 0 being the first.")] int Index,
    [property: Description("queued or rejected.")] string Status,
    string? MessageId,
    BatchError? Error)
{
    internal static BatchResult Of(BatchItem item) => item.Problem is { } problem
        ? new(item.Index, "rejected", null, new BatchError(problem.Status, problem.Title, problem.Detail, problem.Errors))
        : new(item.Index, MessageStatus.Queued.Name(), item.MessageId, null);
}

/// <summary>Why a message was refused, as the problem that it would have been alone.</summary>
public sealed record BatchError(
    int Status,
    string Title,
    string Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Dictionary<string, string[]>? Errors);

/// <summary>A message of a batch, on its way to its answer.</summary>
internal sealed class BatchItem(int index)
{
    public int Index => index;

    /// <summary>What is to be accepted; null where it is not valid.</summary>
    public Submission? Submission { get; init; }

    public string? MessageId { get; set; }

    /// <summary>Why it is refused.</summary>
    public Problem? Problem { get; set; }

    public bool IsSettled => MessageId is not null || Problem is not null;
}
