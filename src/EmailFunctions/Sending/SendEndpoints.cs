using System.Diagnostics;
using EmailFunctions.Access;
using EmailFunctions.ApiDocs;
using EmailFunctions.Messages;
using EmailFunctions.Problems;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Sending;

/// <summary>The routes that take mail.</summary>
internal static class SendEndpoints
{
    private const string KeyHeader = "Idempotency-Key";
    private const string ReplayHeader = "Idempotent-Replayed";

    public static void MapSending(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/email/send", SendAsync).WithTags(ApiTags.Email).Needs(Scopes.Send).WithName("SendEmail")
            .WithSummary("Accept one message; it is sent in the background").TakesJson<SendRequest>()
            .WithIdempotencyKey().ProducesProblems(400, 403, 409, 413, 415, 422);
        routes.MapPost("/email/send/batch", SendBatchAsync).WithTags(ApiTags.Email).Needs(Scopes.Send).WithName("SendBatch")
            .WithSummary("Accept up to 1,000 messages, each by itself").TakesJson<BatchRequest>().ProducesProblems(400, 413, 415);
    }

    private static async Task<Accepted<SendResponse>> SendAsync(
        HttpContext context, Caller caller, SendGate gate, MessageAcceptor acceptor, IncomingBodies bodies, CancellationToken cancellationToken)
    {
        gate.EnsureOpen();
        using var incoming = bodies.Begin();
        var request = await RequestBody.ReadSpooledAsync(
            context.Request, SendRequest.LargeValues, incoming, SendJson.Default.SendRequest, gate.MaxBodyBytes, cancellationToken);
        var key = ReadKey(context.Request, request);
        var submission = await gate.CheckAsync(caller, request, key, Activity.Current?.Id, cancellationToken);
        var acceptance = await acceptor.AcceptAsync(submission, cancellationToken);
        if (acceptance.IsReplay)
            context.Response.Headers[ReplayHeader] = "true";
        return TypedResults.Accepted(
            $"/api/v1/email/messages/{acceptance.MessageId}",
            new SendResponse(
                acceptance.MessageId, MessageStatus.Queued.Name(), submission.Tenant.Value, acceptance.AcceptedAt, acceptance.Wait?.Until, acceptance.Wait?.Limit));
    }

    private static async Task<Accepted<BatchResponse>> SendBatchAsync(
        HttpContext context, Caller caller, SendGate gate, BatchAcceptor acceptor, IncomingBodies bodies, CancellationToken cancellationToken)
    {
        gate.EnsureOpen();
        if (context.Request.Headers.ContainsKey(KeyHeader))
            throw Problem.Invalid(KeyHeader, "is for a single message; give each message of a batch its own idempotency_key");
        using var incoming = bodies.Begin();
        var requests = await RequestBody.ReadListAsync(
            context.Request, "messages", BatchRequest.MaxMessages, SendRequest.LargeValues, incoming, SendJson.Default.SendRequest, gate.MaxBodyBytes, cancellationToken);
        var items = new List<BatchItem>(requests.Count);
        foreach (var (request, errors) in requests)
            items.Add(await ReadItemAsync(items.Count, request, errors, caller, gate, cancellationToken));
        await acceptor.AcceptAsync(items);
        return TypedResults.Accepted((string?)null, new BatchResponse([.. items.Select(BatchResult.Of)]));
    }

    private static async Task<BatchItem> ReadItemAsync(
        int index, SendRequest? request, FieldErrors errors, Caller caller, SendGate gate, CancellationToken cancellationToken)
    {
        try
        {
            return request is null
                ? throw Problem.Invalid(errors)
                : new BatchItem(index) { Submission = await gate.CheckAsync(caller, request, request.IdempotencyKey, Activity.Current?.Id, cancellationToken) };
        }
        catch (ProblemException refused)
        {
            return new BatchItem(index) { Problem = refused.Problem };
        }
    }

    private static string? ReadKey(HttpRequest request, SendRequest body)
    {
        var header = request.Headers[KeyHeader];
        if (header.Count == 0)
            return body.IdempotencyKey;
        var errors = new FieldErrors();
        var key = header.ToString();
        SendValidator.IdempotencyKey(header.Count == 1 ? key : "", KeyHeader, errors);
        if (body.IdempotencyKey is { } other && other != key)
            errors.Add("idempotency_key", "must be the same as the header Idempotency-Key, or absent");
        return errors.Any ? throw Problem.Invalid(errors) : key;
    }
}
