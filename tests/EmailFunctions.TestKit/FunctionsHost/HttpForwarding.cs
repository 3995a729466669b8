using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>
/// The older way of public requests: an HttpClient sends a copy. Content headers other than the type are lost with it, and a
/// body without a length makes the copy fail.
/// </summary>
internal sealed class HttpForwarding(FunctionInvoker invoker, HttpMode mode) : IDisposable
{
    private static readonly UriCreationOptions AsItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>False when the worker gave no answer.</summary>
    public async Task<bool> RunAsync(FunctionDefinition function, HttpContext context)
    {
        var record = await invoker.RunAsync(function, deliveryCount: 0, async (worker, id, ended) =>
        {
            using var request = Copy(context.Request, Target(worker, context.Request));
            invoker.AddHeaders(request, id);

            // Complete before anything of it is given out.
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseContentRead, ended);
            await WriteAsync(response, context.Response);
            return [];
        });
        return record.Succeeded;
    }

    public void Dispose() => _client.Dispose();

    private Uri Target(Uri worker, HttpRequest request)
    {
        var query = request.Query.ToDictionary(pair => pair.Key, pair => (string?)pair.Value.ToString());
        if (mode == HttpMode.ForwardingDecoded)
        {
            var path = new Uri(request.GetDisplayUrl()).AbsolutePath;
            return new Uri(QueryHelpers.AddQueryString(new UriBuilder("http", worker.Host, worker.Port, path).ToString(), query));
        }

        var target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0];
        return new Uri(QueryHelpers.AddQueryString($"http://{worker.Authority}{target}", query), AsItIs);
    }

    private static HttpRequestMessage Copy(HttpRequest request, Uri target)
    {
        var copy = new HttpRequestMessage(new HttpMethod(request.Method), target);
        foreach (var header in request.Headers)
        {
            copy.Headers.TryAddWithoutValidation(header.Key, header.Value.AsEnumerable());
        }

        if (request.ContentLength is > 0)
        {
            copy.Content = new StreamContent(request.Body);
            copy.Content.Headers.Add("Content-Length", request.ContentLength.Value.ToString(CultureInfo.InvariantCulture));
            if (!string.IsNullOrEmpty(request.ContentType))
            {
                copy.Content.Headers.Add("Content-Type", request.ContentType);
            }
        }

        return copy;
    }

    private static async Task WriteAsync(HttpResponseMessage response, HttpResponse answer)
    {
        answer.StatusCode = (int)response.StatusCode;
        foreach (var header in response.Headers.Concat(response.Content.Headers))
        {
            answer.Headers[header.Key] = header.Value.ToArray();
        }

        answer.Headers.Remove("Transfer-Encoding");
        await response.Content.CopyToAsync(answer.Body);
    }
}
