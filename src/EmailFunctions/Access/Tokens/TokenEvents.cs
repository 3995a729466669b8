using EmailFunctions.Problems;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;

namespace EmailFunctions.Access.Tokens;

/// <summary>
/// What is answered where a token can't be taken. An issuer that can't be asked is told from a bad token: the caller has nothing to
/// mend then, and is to come back.
/// </summary>
internal sealed partial class TokenEvents(ILogger<TokenEvents> logger) : JwtBearerEvents
{
    private static readonly TimeSpan ComeBack = TimeSpan.FromSeconds(5);

    public override async Task MessageReceived(MessageReceivedContext context)
    {
        if (context.Options.ConfigurationManager is not { } issuer || context.Request.Headers.Authorization.Count == 0)
            return;
        if (context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            // Whether the service is healthy does not hang on the issuer.
            context.NoResult();
            return;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.HttpContext.RequestAborted);
        patience.CancelAfter(context.Options.BackchannelTimeout);
        try
        {
            // Those who come meanwhile queue up behind the first, each with a question of its own; so nobody waits longer than for one.
            await issuer.GetConfigurationAsync(patience.Token).WaitAsync(patience.Token);
        }
#pragma warning disable CA1031 // Whatever it is, there are no keys.
        catch (Exception exception) when (!context.HttpContext.RequestAborted.IsCancellationRequested)
#pragma warning restore CA1031
        {
            // The innermost says why, and every caller's request leaves a line.
            IssuerFailed(logger, exception.GetBaseException(), context.Options.Authority, ProblemWriter.TraceId(context.HttpContext));
            context.Fail(new IssuerUnavailableException());
        }
    }

    public override Task Challenge(JwtBearerChallengeContext context)
    {
        if (context.AuthenticateFailure is IssuerUnavailableException)
            throw Problem.Unavailable("The issuer of access tokens can't be reached, so that yours can't be checked. Send the request again.", ComeBack);
        // It would repeat what the token says.
        context.ErrorDescription = null;
        return Task.CompletedTask;
    }

    [LoggerMessage(EventId = 600, Level = LogLevel.Error, Message = "Access tokens can't be checked, since the keys of their issuer {Authority} can't be read; trace {TraceId}.")]
    private static partial void IssuerFailed(ILogger logger, Exception exception, string? authority, string traceId);

    /// <summary>Marks a request whose token nobody could check.</summary>
#pragma warning disable CA1032, CA1064 // Never thrown.
    private sealed class IssuerUnavailableException() : Exception("The issuer can't be reached.");
#pragma warning restore CA1032, CA1064
}
