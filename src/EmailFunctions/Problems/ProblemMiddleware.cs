using EmailFunctions.Keys;
using EmailFunctions.Storage;

namespace EmailFunctions.Problems;

/// <summary>
/// Turns whatever ends a request without an answer into a problem: exceptions, unknown routes, wrong methods, bad framing. The
/// one place that does.
/// </summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (IsBare(context.Response))
                await ProblemWriter.WriteAsync(context, Problem.OfStatus(context.Response.StatusCode));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone; nobody reads an answer.
        }
#pragma warning disable CA1031 // The last line of defence: every exception becomes an answer.
        catch (Exception exception) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            context.Response.Clear();
            await ProblemWriter.WriteAsync(context, Explain(context, exception));
        }
    }

    private static bool IsBare(HttpResponse response) =>
        !response.HasStarted && response.StatusCode >= 400 && response.ContentLength is null or 0 && response.ContentType is null;

    private Problem Explain(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case ProblemException thrown:
                return thrown.Problem;
            case BadHttpRequestException bad:
                return Problem.OfStatus(bad.StatusCode);
            case StoreUnavailableException:
                StoreFailed(logger, exception, ProblemWriter.TraceId(context));
                return Problem.Unavailable("The data store can't be reached. Nothing was accepted; send the request again.", TimeSpan.FromSeconds(5)).Problem;
            case KeyUnavailableException:
                KeyFailed(logger, exception, ProblemWriter.TraceId(context));
                return Problem.Unavailable("The encryption key can't be used. The operator finds the reason in the log, by the trace_id.", TimeSpan.FromSeconds(30)).Problem;
            default:
                RequestFailed(logger, exception, ProblemWriter.TraceId(context));
                return Problem.OfStatus(500);
        }
    }

    [LoggerMessage(EventId = 100, Level = LogLevel.Error, Message = "A request failed; trace {TraceId}.")]
    private static partial void RequestFailed(ILogger logger, Exception exception, string traceId);

    [LoggerMessage(EventId = 101, Level = LogLevel.Error, Message = "A request failed, since the data store can't be reached; trace {TraceId}.")]
    private static partial void StoreFailed(ILogger logger, Exception exception, string traceId);

    [LoggerMessage(EventId = 102, Level = LogLevel.Error, Message = "A request failed, since the encryption key can't be used; trace {TraceId}.")]
    private static partial void KeyFailed(ILogger logger, Exception exception, string traceId);
}
