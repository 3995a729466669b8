using System.Diagnostics;
using System.Text.RegularExpressions;
using EmailFunctions.Tenants;

namespace EmailFunctions.Telemetry;

/// <summary>
/// The spans of a message beyond the request that brought it: they are of that request's trace, hours later if need be, at whichever instance.
/// Names and attributes are OpenTelemetry's for messaging where it has one. Nothing in them tells who mails whom what.
/// </summary>
public static partial class MessageSpans
{
    /// <summary>A message has its turn. Also where no span is recorded, what is logged meanwhile is of the message's trace.</summary>
    /// <param name="traceParent">What the message carries of its request's trace; null: nothing, and it has a trace of its own.</param>
    /// <param name="tenant">Whose.</param>
    /// <param name="messageId">The message's id.</param>
    /// <param name="queue">The queue that it came by.</param>
    /// <param name="attempt">The number of the attempt, from 1.</param>
    public static Activity StartProcess(string? traceParent, TenantId tenant, string messageId, string queue, int attempt)
    {
        var name = $"process {queue}";
        // The call by which the queue brought it has a trace of its own, and may have brought others.
        ActivityLink[] links = Activity.Current is { } call ? [new ActivityLink(call.Context)] : [];
        var isKnown = ActivityContext.TryParse(traceParent, traceState: null, isRemote: true, out var parent);
        if (!isKnown)
            Activity.Current = null;
        var span = EmailMeter.Source.StartActivity(
            name,
            ActivityKind.Consumer,
            parent,
            [
                new("messaging.system", "email_functions"),
                new("messaging.operation.type", "process"),
                new("messaging.destination.name", queue),
                new("messaging.message.id", messageId),
                new("tenant_id", tenant.Value),
                new("attempt", attempt),
            ],
            links);
        if (span is not null)
            return span;
        var bare = new Activity(name);
        if (isKnown)
            bare.SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags);
        return bare.Start();
    }

    /// <summary>A provider is called, within a message's turn. Null where nobody looks.</summary>
    public static Activity? StartCall(string provider) =>
        EmailMeter.Source.StartActivity($"send {provider}", ActivityKind.Client, default(ActivityContext), [new("provider", provider)]);

    /// <summary>Notes what a provider did.</summary>
    /// <param name="call">The span of the call.</param>
    /// <param name="status">What that means for the message, as a word.</param>
    /// <param name="answer">What it said, of which only the code of its protocol is kept: the text may quote the message. Null: nothing.</param>
    /// <param name="error">The category of the failure; null: it took the message.</param>
    public static void Answered(this Activity? call, string status, string? answer, string? error)
    {
        if (call is null)
            return;
        call.SetTag("provider.status", status);
        call.SetTag("provider.answer_code", answer is not null && Code().Match(answer) is { Success: true } code ? code.Value : null);
        if (error is null)
            return;
        call.SetTag("error.type", error);
        call.SetStatus(ActivityStatusCode.Error);
    }

    [GeneratedRegex(@"(?<=^(HTTP )?)\d{3}\b", RegexOptions.ExplicitCapture)]
    private static partial Regex Code();
}
