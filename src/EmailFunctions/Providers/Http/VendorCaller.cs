using System.Buffers;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using EmailFunctions.Outbound;

namespace EmailFunctions.Providers.Http;

/// <summary>
/// Calls vendors, once each. Whatever a vendor or the network does is a <see cref="VendorAnswer"/>; whether the message was handed
/// over is known exactly, since its body says so (<see cref="StreamedContent"/>).
/// </summary>
internal sealed class VendorCaller(IHttpClientFactory clients, HttpProviderOptions options, TimeProvider time)
{
    private const int MaxBodyBytes = 16 * 1024;

    // Smaller ones lie on their way before an answer could stop them.
    private const int LargeBytes = 1024 * 1024;

    /// <summary>Hands over a message.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled, and not handed over.</exception>
    public Task<VendorAnswer> SendAsync(ProviderAccount account, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // A vendor that refuses by the headers alone may close while we write; its answer would be lost, and the call look like a broken connection.
        if (request.Content?.Headers.ContentLength > LargeBytes)
            request.Headers.ExpectContinue = true;
        return CallAsync(account, request, options.SendTimeout, cancellationToken);
    }

    /// <summary>Asks something.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<VendorAnswer> ProbeAsync(ProviderAccount account, HttpRequestMessage request, CancellationToken cancellationToken) =>
        CallAsync(account, request, options.ProbeTimeout, cancellationToken);

    private async Task<VendorAnswer> CallAsync(ProviderAccount account, HttpRequestMessage request, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var client = clients.CreateClient(ProviderClients.NameOf(account.Owner));
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return new VendorAnswer
            {
                Status = (int)response.StatusCode,
                Headers = response.Headers,
                IsHandedOver = IsHandedOver(request),
                Body = Secrets.Remove(await ReadAsync(response.Content, either.Token), account),
                RetryAfter = WaitOf(response.Headers.RetryAfter),
            };
        }
        catch (OperationCanceledException)
        {
            if (IsHandedOver(request))
                return VendorAnswer.None(CallFailure.TimeoutAfter);
            cancellationToken.ThrowIfCancellationRequested();
            return VendorAnswer.None(CallFailure.TimeoutBefore);
        }
        catch (HttpRequestException exception) when (exception.GetBaseException() is OutboundRefusedException refused)
        {
            return VendorAnswer.None(CallFailure.PlaceRefused) with { Refusal = refused.Message };
        }
        catch (HttpRequestException exception)
        {
            return VendorAnswer.None(Explain(exception, IsHandedOver(request)));
        }
    }

    private static bool IsHandedOver(HttpRequestMessage request) => request.Content is StreamedContent { HandedOver: true };

    private static CallFailure Explain(HttpRequestException exception, bool handedOver)
    {
        var cause = exception.GetBaseException();
        return exception.HttpRequestError switch
        {
            _ when handedOver => CallFailure.LostAfter,
            _ when cause is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } => CallFailure.UnknownHost,
            _ when cause is TimeoutException => CallFailure.ConnectTimeout,
            HttpRequestError.SecureConnectionError when cause is AuthenticationException => CallFailure.NoTrust,
            HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError => CallFailure.NoConnection,
            _ => CallFailure.LostBefore,
        };
    }

    // The status is known by now; a body that breaks off only costs words.
    private static async Task<string> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MaxBodyBytes);
        var count = 0;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellationToken);
            for (int read; count < MaxBodyBytes && (read = await stream.ReadAsync(buffer.AsMemory(count, MaxBodyBytes - count), cancellationToken)) > 0;)
                count += read;
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or HttpRequestException)
        {
        }

        var text = Encoding.UTF8.GetString(buffer, 0, count);
        ArrayPool<byte>.Shared.Return(buffer);
        return text;
    }

    private TimeSpan? WaitOf(RetryConditionHeaderValue? header) => header?.Delta ?? (header?.Date is { } date ? date - time.GetUtcNow() : null);
}
