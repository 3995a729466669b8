using System.Globalization;
using EmailFunctions.Access;
using EmailFunctions.ApiDocs;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Tracking;

/// <summary>The routes that show what became of messages, and stop them.</summary>
internal static class MessageEndpoints
{
    public static void MapMessages(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/email/messages/{message_id}", GetAsync).WithTags(ApiTags.Email).Needs(Scopes.Read).WithName("GetMessage")
            .WithSummary("Where a message is now, why it waits, and its history").ProducesProblems(403, 404);
        routes.MapDelete("/email/messages/{message_id}", CancelAsync).WithTags(ApiTags.Email).Needs(Scopes.Send).WithName("CancelMessage")
            .WithSummary("Cancel a message that is not sent yet").ProducesProblems(403, 404, 409);
    }

    private static async Task<Ok<MessageView>> GetAsync(
        string message_id, string? tenant_id, HttpContext context, Caller caller, ProducerIds producerIds, Ledger ledger, Prospects prospects, CancellationToken cancellationToken)
    {
        var id = await FindAsync(message_id, tenant_id, context, caller, producerIds, cancellationToken);
        var entry = await ledger.GetAsync(id, cancellationToken) ?? throw Missing();
        var prospect = await prospects.FindAsync(entry, cancellationToken);
        if (prospect.ProviderBackIn is { } wait)
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return TypedResults.Ok(MessageView.Of(entry, prospect));
    }

    private static async Task<Ok<MessageView>> CancelAsync(
        string message_id, string? tenant_id, HttpContext context, Caller caller, ProducerIds producerIds, Cancellation cancellation, CancellationToken cancellationToken)
    {
        var id = await FindAsync(message_id, tenant_id, context, caller, producerIds, cancellationToken);
        return TypedResults.Ok(MessageView.Of(await cancellation.CancelAsync(id, cancellationToken) ?? throw Missing(), Prospect.None));
    }

    // What is no id of the service's own may be the name that an event producer gave the message; no two tenants' names are one.
    private static async Task<MessageId> FindAsync(
        string text, string? tenant_id, HttpContext context, Caller caller, ProducerIds producerIds, CancellationToken cancellationToken)
    {
        if (MessageId.TryParse(text, out var id))
        {
            caller.Allowed(id.Tenant);
            return id;
        }

        var tenant = tenant_id is null ? caller.Resolve(named: null) : caller.Require(tenant_id);
        var name = RawPath.LastSegment(context);
        // The Functions host escapes an escaped slash once more on its way here.
        return await producerIds.FindAsync(tenant, name, cancellationToken)
            ?? (name.Contains("%2F", StringComparison.OrdinalIgnoreCase) ? await producerIds.FindAsync(tenant, Uri.UnescapeDataString(name), cancellationToken) : null)
            ?? throw Missing();
    }

    private static ProblemException Missing() => Problem.NotFound("There is no message with this id.");
}
