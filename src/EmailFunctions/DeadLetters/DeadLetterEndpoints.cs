using EmailFunctions.Access;
using EmailFunctions.Activities;
using EmailFunctions.ApiDocs;
using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.DeadLetters;

/// <summary>The admin's routes to messages that nothing more will happen to by itself: dead letters, and those that are held.</summary>
internal static class DeadLetterEndpoints
{
    public static void MapDeadLetters(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/admin/email").WithTags(ApiTags.EmailAdmin).NeedsForAllTenants(Scopes.Admin);
        group.MapGet("/dead-letters", ListAsync).WithName("ListDeadLetters").WithSummary("Messages that all attempts failed for; by tenant, oldest first")
            .ProducesProblems(400, 403);
        group.MapPost("/dead-letters/{message_id}/replay", ReplayAsync).WithName("ReplayDeadLetter").WithSummary("Queue one dead letter again; what was parked is accepted as a new message")
            .ProducesProblems(400, 403, 404, 409, 413, 422);
        group.MapPost("/dead-letters/replay", ReplaySomeAsync).WithName("ReplayDeadLetters")
            .WithSummary("Queue dead letters again, a part at a time; an empty object means all").TakesJson<ReplayRequest>().ProducesProblems(400, 403, 413, 415);
        group.MapDelete("/dead-letters/{message_id}", DiscardAsync).WithName("DiscardDeadLetter").WithSummary("Give one dead letter up, and remove its content")
            .ProducesProblems(403, 404, 409);
        group.MapPost("/messages/{message_id}/release", ReleaseAsync).WithName("ReleaseMessage").WithSummary("Queue a message again that is held")
            .ProducesProblems(403, 404, 409);
    }

    private static async Task<Ok<DeadLetterList>> ListAsync(
        string? tenant_id, string? error_category, string? provider, string? from, string? to, string? cursor, string? limit, DeadLetterReader reader, CancellationToken cancellationToken)
    {
        var question = DeadLetterQuestions.OfQuery(tenant_id, error_category, provider, from, to, cursor, limit);
        var page = await reader.ReadAsync(question.Filter, question.Cursor, question.Limit, cancellationToken);
        return TypedResults.Ok(new DeadLetterList([.. page.Entries.Select(DeadLetter.Of)], page.Next?.ToString(), page.Next is not null, question.Limit));
    }

    private static async Task<Accepted<QueuedAgain>> ReplayAsync(
        string message_id, Caller caller, DeadLetterActions actions, AdminAudit audit, CancellationToken cancellationToken)
    {
        var id = ReadId(message_id);
        var deed = DeedOf(caller, AdminActions.DeadLetterReplay, id);
        return Queued(await audit.RunAsync(deed, () => actions.ReplayAsync(id, cancellationToken), cancellationToken));
    }

    private static async Task<Accepted<ReplayAnswer>> ReplaySomeAsync(
        HttpContext context, Caller caller, DeadLetterActions actions, AdminAudit audit, CancellationToken cancellationToken)
    {
        var request = await RequestBody.ReadAsync(context.Request, DeadLetterJson.Default.ReplayRequest, RequestBody.SmallLimit, cancellationToken);
        var question = DeadLetterQuestions.OfBody(request);
        var deed = new AdminDeed(caller, AdminActions.DeadLettersReplay, question.Filter.Tenant);
        var (replayed, next) = await audit.RunAsync(
            deed,
            async () =>
            {
                var answer = await actions.ReplayAsync(question.Filter, question.Cursor, question.Limit, cancellationToken);
                deed.Detail = FormattableString.Invariant($"{answer.Replayed} replayed");
                return answer;
            },
            cancellationToken);
        return TypedResults.Accepted((string?)null, new ReplayAnswer(replayed, next is not null, next?.ToString()));
    }

    private static async Task<NoContent> DiscardAsync(string message_id, Caller caller, DeadLetterActions actions, AdminAudit audit, CancellationToken cancellationToken)
    {
        var id = ReadId(message_id);
        await audit.RunAsync(DeedOf(caller, AdminActions.DeadLetterDiscard, id), () => actions.DiscardAsync(id, cancellationToken), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Accepted<QueuedAgain>> ReleaseAsync(
        string message_id, Caller caller, Ledger ledger, HeldMessages held, AdminAudit audit, CancellationToken cancellationToken)
    {
        var id = ReadId(message_id);
        return await audit.RunAsync(DeedOf(caller, AdminActions.MessageRelease, id), () => ReleaseHeldAsync(id, ledger, held, cancellationToken), cancellationToken);
    }

    private static async Task<Accepted<QueuedAgain>> ReleaseHeldAsync(MessageId id, Ledger ledger, HeldMessages held, CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = await ledger.GetAsync(id, cancellationToken) ?? throw Missing();
            if (!entry.IsHeld)
                throw Problem.Conflict($"Only a message that is held can be released, and this one is {entry.Status.Name()}.");
            if (await held.TryReleaseAsync(entry, cancellationToken))
                return Queued(id);
        }
    }

    private static AdminDeed DeedOf(Caller caller, string action, MessageId id) => new(caller, action, id.Tenant) { Target = id.ToString() };

    private static Accepted<QueuedAgain> Queued(MessageId id) => TypedResults.Accepted($"/api/v1/email/messages/{id}", QueuedAgain.Of(id));

    private static MessageId ReadId(string text) => MessageId.TryParse(text, out var id) ? id : throw Missing();

    private static ProblemException Missing() => Problem.NotFound("There is no message with this id.");
}
