using System.Net;
using System.Text;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.AspNetCore.WebUtilities;

namespace EmailFunctions.Tests.Support;

/// <summary>A service of Azure that answers as a test says, and remembers what it was asked.</summary>
internal sealed class ScriptedAzure : IDisposable
{
    private readonly Handler _handler = new();

    public ScriptedAzure() => Transport = new HttpClientTransport(_handler);

    public HttpClientTransport Transport { get; }

    /// <summary>What it was asked so far.</summary>
    public List<ScriptedRequest> Requests => _handler.Requests;

    /// <summary>The next answers; the last one is given again and again.</summary>
    public void Answer(params Func<HttpRequestMessage, HttpResponseMessage>[] answers) => _handler.Answers = new(answers);

    /// <summary>An error as Azure answers it.</summary>
    public static Func<HttpRequestMessage, HttpResponseMessage> Error(HttpStatusCode status, string code) => request =>
    {
        var isTable = request.RequestUri!.Host.Contains(".table.", StringComparison.Ordinal);
        var answer = new HttpResponseMessage(status)
        {
            Content = isTable
                ? new StringContent(JsonErrorOf(code), Encoding.UTF8, "application/json")
                : new StringContent($"<Error><Code>{code}</Code><Message>{SecretText}</Message></Error>", Encoding.UTF8, "application/xml"),
        };
        answer.Headers.Add("x-ms-error-code", code);
        answer.Headers.Add("x-ms-request-id", "request-1");
        return answer;
    };

    /// <summary>A good answer of the table storage.</summary>
    public static Func<HttpRequestMessage, HttpResponseMessage> Json(string body) =>
        _ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    /// <summary>The connection ends before the answer.</summary>
    public static HttpResponseMessage Lost(HttpRequestMessage request) => throw new HttpRequestException("The connection was reset.");

    /// <summary>No answer came within the SDK's patience.</summary>
    public static HttpResponseMessage TooLate(HttpRequestMessage request) => throw new TaskCanceledException();

    /// <summary>What must not get into a message of ours.</summary>
    public const string SecretText = "string to sign";

    public void Dispose()
    {
        Transport.Dispose();
        _handler.Dispose();
    }

    private static string JsonErrorOf(string code) => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["odata.error"] = new { code, message = new { lang = "en-US", value = SecretText } },
    });

    private sealed class Handler : HttpMessageHandler
    {
        private readonly Lock _lock = new();

        public List<ScriptedRequest> Requests { get; } = [];

        public Queue<Func<HttpRequestMessage, HttpResponseMessage>> Answers { get; set; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
            Func<HttpRequestMessage, HttpResponseMessage> answer;
            lock (_lock)
            {
                Requests.Add(new ScriptedRequest(QueryOf(request.RequestUri!), body));
                answer = Answers.Count > 1 ? Answers.Dequeue() : Answers.Peek();
            }

            return answer(request);
        }

        private static Dictionary<string, string> QueryOf(Uri uri) =>
            QueryHelpers.ParseQuery(uri.Query).ToDictionary(static pair => pair.Key, static pair => pair.Value.ToString());
    }
}

/// <summary>A request: its query's parameters and its body.</summary>
internal sealed record ScriptedRequest(IReadOnlyDictionary<string, string> Query, string Body);

/// <summary>An identity without Azure.</summary>
internal sealed class FakeCredential : TokenCredential
{
    public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => new("token", DateTimeOffset.MaxValue);

    public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
        new(GetToken(requestContext, cancellationToken));
}
