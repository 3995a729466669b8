using System.IO.Pipelines;
using System.Net.Mime;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using EmailFunctions.Problems;
using EmailFunctions.Spooling;
using EmailFunctions.Storage;
using Microsoft.Net.Http.Headers;

namespace EmailFunctions.Wire;

/// <summary>Reads the JSON body of a request, strictly, up to a size.</summary>
internal static class RequestBody
{
    /// <summary>Bytes of a body that carries no attachments.</summary>
    public const int SmallLimit = 256 * 1024;

    /// <summary>Bytes of a body with attachments: 25 MB in base64, and as much again for escapes in text.</summary>
    public const int LargeLimit = 50 * 1024 * 1024;

    /// <summary>Reads and parses the body.</summary>
    /// <exception cref="ProblemException">It is too large (413), of another kind (415), or not what it should be (400).</exception>
    public static Task<T> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, int limit, CancellationToken cancellationToken)
        where T : class =>
        ReadAsync(request, limit, utf8 => Parse(utf8, type), cancellationToken);

    /// <summary>
    /// Reads a body that holds some fields of <typeparamref name="T"/>, each of which must be known and of its type, as the object
    /// it is: only that tells a field that is null from one that is absent.
    /// </summary>
    /// <exception cref="ProblemException">As of a whole body.</exception>
    public static Task<JsonObject> ReadPatchAsync<T>(HttpRequest request, JsonTypeInfo<T> type, int limit, CancellationToken cancellationToken)
        where T : class =>
        ReadAsync(
            request,
            limit,
            utf8 =>
            {
                Parse(utf8, type);
                return JsonNode.Parse(StrictJson.WithoutByteOrderMark(utf8))!.AsObject();
            },
            cancellationToken);

    /// <summary>Reads and parses a body with files and texts; they are never in memory as a whole where they are long.</summary>
    /// <param name="request">The request.</param>
    /// <param name="places">Where they are.</param>
    /// <param name="incoming">Gets them; it must live as long as what is read here.</param>
    /// <param name="type">What the body is to be; a file is a <see cref="SpoolSlice"/> in it, a text a <see cref="SpoolText"/>.</param>
    /// <param name="limit">Bytes of the body, its files in base64.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ProblemException">As of a smaller body.</exception>
    /// <exception cref="StoreUnavailableException">They can't be spooled, or there is no room for the rest.</exception>
    public static async Task<T> ReadSpooledAsync<T>(
        HttpRequest request, IReadOnlyList<ValuePlace> places, IncomingBody incoming, JsonTypeInfo<T> type, int limit, CancellationToken cancellationToken)
        where T : class
    {
        using var body = new SpooledBody(places, incoming, request.ContentLength ?? 0);
        await CopyAsync(request, limit, body.Append, cancellationToken);
        await body.EndAsync(cancellationToken);
        return body.Read(type);
    }

    /// <summary>
    /// Reads a body whose one field is a list, each element by itself: one that is wrong does not make the others wrong. The elements
    /// may have files and texts.
    /// </summary>
    /// <exception cref="ProblemException">As of a whole body; also when the list is empty or longer than <paramref name="maximum"/>.</exception>
    /// <exception cref="StoreUnavailableException">They can't be spooled, or there is no room for the rest.</exception>
    public static async Task<IReadOnlyList<ListItem<T>>> ReadListAsync<T>(
        HttpRequest request, string field, int maximum, IReadOnlyList<ValuePlace> places, IncomingBody incoming, JsonTypeInfo<T> type, int limit, CancellationToken cancellationToken)
        where T : class
    {
        using var body = new SpooledBody([.. places.Select(place => place.Within(field))], incoming, request.ContentLength ?? 0);
        await CopyAsync(request, limit, body.Append, cancellationToken);
        await body.EndAsync(cancellationToken);
        return body.ReadList(field, maximum, type);
    }

    private static async Task<T> ReadAsync<T>(HttpRequest request, int limit, Parser<T> parse, CancellationToken cancellationToken)
    {
        using var body = new BodyBuffer(request.ContentLength ?? 0);
        await CopyAsync(request, limit, body.Append, cancellationToken);
        return parse(body.Read());
    }

    private static async Task CopyAsync(HttpRequest request, int limit, Sink sink, CancellationToken cancellationToken)
    {
        EnsureJson(request);
        if (request.ContentLength > limit)
            throw Problem.TooLarge(limit);
        var length = 0L;
        ReadResult read;
        do
        {
            read = await ReadAsync(request.BodyReader, cancellationToken);
            try
            {
                length += read.Buffer.Length;
                if (length > limit)
                    throw Problem.TooLarge(limit);
                foreach (var part in read.Buffer)
                    sink(part.Span);
            }
            finally
            {
                request.BodyReader.AdvanceTo(read.Buffer.End);
            }
        }
        while (!read.IsCompleted);
    }

    // What the server can't unpack (a chunk of more bytes than it can count) is the client's fault, as is a connection that breaks.
    private static async ValueTask<ReadResult> ReadAsync(PipeReader body, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(cancellationToken);
        }
        catch (IOException exception) when (exception is not BadHttpRequestException)
        {
            throw new BadHttpRequestException("The body can't be read.", exception);
        }
    }

    private delegate T Parser<T>(ReadOnlySpan<byte> utf8);

    private delegate void Sink(ReadOnlySpan<byte> utf8);

    private static T Parse<T>(ReadOnlySpan<byte> utf8, JsonTypeInfo<T> type) where T : class
    {
        var errors = new FieldErrors();
        return StrictJson.Read(utf8, type, errors) ?? throw Problem.Invalid(errors);
    }

    private static void EnsureJson(HttpRequest request)
    {
        var isJson = MediaTypeHeaderValue.TryParse(request.ContentType, out var media)
            && media.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase)
            && (!media.Charset.HasValue || media.Charset.Value.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase));
        if (!isJson)
            throw Problem.UnsupportedMediaType("The body must be application/json in UTF-8, and say so in Content-Type.");
        if (request.Headers.ContentEncoding.Any(static value => value is { Length: > 0 } and not "identity"))
            throw Problem.UnsupportedMediaType("A compressed body is not taken; send it without Content-Encoding.");
    }
}
