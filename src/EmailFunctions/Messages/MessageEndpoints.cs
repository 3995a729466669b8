using EmailFunctions.Access;
using EmailFunctions.ApiDocs;
using EmailFunctions.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Messages;

/// <summary>The routes that show what became of messages.</summary>
internal static class MessageEndpoints
{
    public static void MapMessages(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/email/messages/{message_id}", GetAsync).WithTags(ApiTags.Email).WithName("GetMessage")
            .WithSummary("Where a message is now, why it waits, and its history").ProducesProblems(403, 404);

    private static async Task<Ok<MessageView>> GetAsync(
        string message_id, Caller caller, Ledger ledger, CancellationToken cancellationToken)
    {
        if (!MessageId.TryParse(message_id, out var id))
            throw Missing();
        caller.Allowed(id.Tenant);
        return TypedResults.Ok(MessageView.Of(await ledger.GetAsync(id, cancellationToken) ?? throw Missing()));
    }

    private static ProblemException Missing() => Problem.NotFound("There is no message with this id.");
}
