using Newtonsoft.Json;

namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>What a worker answers to <c>POST /{FunctionName}</c>; every part may be left out.</summary>
internal sealed class InvocationResult
{
    public IDictionary<string, object?>? Outputs { get; init; }

    public IReadOnlyList<string>? Logs { get; init; }

    public object? ReturnValue { get; init; }

    /// <summary>
    /// Reads an answer exactly as the real host does, with the same library: null for an empty body and for <c>null</c>, which
    /// leaves the invocation without an end.
    /// </summary>
    /// <exception cref="HttpRequestException">The status is no success.</exception>
    /// <exception cref="InvalidOperationException">The body is no JSON object, or not labelled as JSON.</exception>
    public static async Task<InvocationResult?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        response.EnsureSuccessStatusCode();
        try
        {
            return await response.Content.ReadAsAsync<InvocationResult>(cancellationToken);
        }
        catch (Exception error) when (error is UnsupportedMediaTypeException or JsonException)
        {
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            throw new InvalidOperationException($"Invalid answer ({response.Content.Headers.ContentType}): {error.Message} {body}", error);
        }
    }
}
