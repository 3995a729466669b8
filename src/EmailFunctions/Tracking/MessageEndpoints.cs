using System.Globalization;
using EmailFunctions.Access;
using EmailFunctions.ApiDocs;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Tracking;

/// <summary>The routes that show what became of messages, and stop them.</summary>
internal static class MessageEndpoints
{
    public static void MapMessages(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/email/messages/{message_id}", GetAsync).WithTags(ApiTags.Email).WithName("GetMessage")
            .WithSummary("Where a message is now, why it waits, and its history").ProducesProblems(403, 404);
        routes.MapDelete("/email/messages/{message_id}", CancelAsync).WithTags(ApiTags.Email).WithName("CancelMessage")
            .WithSummary("Cancel a message that is not sent yet").ProducesProblems(403, 404, 409);
    }

    private static async Task<Ok<MessageView>> GetAsync(
        string message_id, HttpContext context, Caller caller, Ledger ledger, Prospects prospects, CancellationToken cancellationToken)
    {
        var entry = await ledger.GetAsync(Read(message_id, caller), cancellationToken) ?? throw Missing();
        var prospect = await prospects.FindAsync(entry, cancellationToken);
        if (prospect.ProviderBackIn is { } wait)
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return TypedResults.Ok(MessageView.Of(entry, prospect));
    }

    private static async Task<Ok<MessageView>> CancelAsync(string message_id, Caller caller, Cancellation cancellation, CancellationToken cancellationToken) =>
        TypedResults.Ok(MessageView.Of(await cancellation.CancelAsync(Read(message_id, caller), cancellationToken) ?? throw Missing(), Prospect.None));

    // What no message can be called is as missing as what none is called.
    private static MessageId Read(string text, Caller caller)
    {
        if (!MessageId.TryParse(text, out var id))
            throw Missing();
        caller.Allowed(id.Tenant);
        return id;
    }

    private static ProblemException Missing() => Problem.NotFound("There is no message with this id.");
}
