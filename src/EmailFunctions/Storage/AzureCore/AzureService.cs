using System.Text.Json;
using Azure;
using Azure.Identity;

namespace EmailFunctions.Storage.AzureCore;

/// <summary>A service of Azure that an adapter calls: what fails there comes out as <see cref="StoreUnavailableException"/>.</summary>
/// <param name="Name">What the operator knows it as.</param>
/// <param name="Role">The role that the service's identity needs there.</param>
internal sealed record AzureService(string Name, string Role)
{
    /// <summary>Calls the service.</summary>
    public async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await call();
        }
        catch (Exception exception) when (IsFailure(exception, cancellationToken))
        {
            throw Explain(exception);
        }
    }

    /// <summary>Whether it is a failure of the service, and not a mistake or a wish of the caller.</summary>
    public static bool IsFailure(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        // A time-out of the SDK looks like a cancellation, too.
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        RequestFailedException or AggregateException or AuthenticationFailedException => true,
        // What breaks on the way, and answers of somebody else than the service.
        IOException or HttpRequestException or TimeoutException or JsonException => true,
        _ => false,
    };

    /// <summary>
    /// Says what is wrong. The SDK's own text is left out where the service answered, since it quotes the answer, and that quotes the
    /// request: addresses of rows, and what was signed.
    /// </summary>
    public StoreUnavailableException Explain(Exception exception)
    {
        // Of several tries the last one says it best.
        if (exception is AggregateException { InnerExceptions: [.., var last] })
            return Explain(last);
        if (exception is not RequestFailedException { Status: > 0 } failure)
            return new StoreUnavailableException($"The {Name} can't be reached.", exception);

        var code = string.IsNullOrEmpty(failure.ErrorCode) ? "" : $" {failure.ErrorCode}";
        var request = failure.GetRawResponse()?.Headers.RequestId is { Length: > 0 } id ? $", request {id}" : "";
        return new StoreUnavailableException(failure.Status is 401 or 403
            ? $"The {Name} refuses the service's identity ({failure.Status}{code}{request}). It needs the role \"{Role}\", and the account's network rules must let it in."
            : $"The {Name} answered {failure.Status}{code}{request}.");
    }
}
