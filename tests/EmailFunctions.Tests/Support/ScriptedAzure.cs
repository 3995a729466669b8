using System.Net;
using System.Text;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;

namespace EmailFunctions.Tests.Support;

/// <summary>A service of Azure that answers as a test says, and remembers what it was asked.</summary>
internal sealed class ScriptedAzure : IDisposable
{
    private readonly Handler _handler = new();

    public ScriptedAzure() => Transport = new HttpClientTransport(_handler);

    public HttpClientTransport Transport { get; }

    /// <summary>Method and body of each request.</summary>
    public List<(HttpMethod Method, string Path, string Body)> Requests => _handler.Requests;

    /// <summary>The next answers; the last one is given again and again.</summary>
    public void Answer(params Func<HttpResponseMessage>[] answers) => _handler.Answers = new Queue<Func<HttpResponseMessage>>(answers);

    /// <summary>An error as Azure answers it: its code is in a header, and in the body for tables.</summary>
    public static Func<HttpResponseMessage> Error(HttpStatusCode status, string code) => () =>
    {
        var answer = Json(status, JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["odata.error"] = new { code, message = new { lang = "en-US", value = SecretText } },
        }))();
        answer.Headers.Add("x-ms-error-code", code);
        answer.Headers.Add("x-ms-request-id", "request-1");
        return answer;
    };

    public static Func<HttpResponseMessage> Json(HttpStatusCode status, string body) =>
        () => new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    /// <summary>The connection ends before the answer.</summary>
    public static Func<HttpResponseMessage> Lost { get; } = static () => throw new HttpRequestException("The connection was reset.");

    /// <summary>No answer came within the SDK's patience.</summary>
    public static Func<HttpResponseMessage> TooLate { get; } = static () => throw new TaskCanceledException();

    /// <summary>What must not get into a message of ours.</summary>
    public const string SecretText = "string to sign";

    public void Dispose()
    {
        Transport.Dispose();
        _handler.Dispose();
    }

    private sealed class Handler : HttpMessageHandler
    {
        private readonly Lock _lock = new();

        public List<(HttpMethod Method, string Path, string Body)> Requests { get; } = [];

        public Queue<Func<HttpResponseMessage>> Answers { get; set; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
            Func<HttpResponseMessage> answer;
            lock (_lock)
            {
                Requests.Add((request.Method, request.RequestUri!.AbsolutePath, body));
                answer = Answers.Count > 1 ? Answers.Dequeue() : Answers.Peek();
            }

            return answer();
        }
    }
}

/// <summary>An identity without Azure.</summary>
internal sealed class FakeCredential : TokenCredential
{
    public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => new("token", DateTimeOffset.MaxValue);

    public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
        new(GetToken(requestContext, cancellationToken));
}
