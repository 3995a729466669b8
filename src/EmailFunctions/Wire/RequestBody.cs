using System.Buffers;
using System.Net.Mime;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using EmailFunctions.Problems;
using Microsoft.Net.Http.Headers;

namespace EmailFunctions.Wire;

/// <summary>Reads the JSON body of a request, strictly, up to a size.</summary>
public static class RequestBody
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

    /// <summary>Reads a body whose one field is a list, each element by itself: one that is wrong does not make the others wrong.</summary>
    /// <exception cref="ProblemException">As of a whole body; also when the list is empty or longer than <paramref name="maximum"/>.</exception>
    public static Task<IReadOnlyList<ListItem<T>>> ReadListAsync<T>(
        HttpRequest request, string field, int maximum, JsonTypeInfo<T> type, int limit, CancellationToken cancellationToken)
        where T : class =>
        ReadAsync(
            request,
            limit,
            utf8 =>
            {
                var errors = new FieldErrors();
                return JsonList.Read(utf8, field, maximum, type, errors) ?? throw Problem.Invalid(errors);
            },
            cancellationToken);

    private static async Task<T> ReadAsync<T>(HttpRequest request, int limit, Parser<T> parse, CancellationToken cancellationToken)
    {
        EnsureJson(request);
        if (request.ContentLength > limit)
            throw Problem.TooLarge(limit);

        // No content length (a chunked body): begin small and grow.
        var buffer = ArrayPool<byte>.Shared.Rent((int)(request.ContentLength ?? 16 * 1024) + 1);
        try
        {
            var length = 0;
            while (true)
            {
                var read = await ReadAsync(request.Body, buffer.AsMemory(length), cancellationToken);
                if (read == 0)
                    break;
                length += read;
                if (length > limit)
                    throw Problem.TooLarge(limit);
                if (length == buffer.Length)
                    buffer = Grow(buffer);
            }

            return parse(buffer.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    // What the server can't unpack (a chunk of more bytes than it can count) is the client's fault, as is a connection that breaks.
    private static async ValueTask<int> ReadAsync(Stream body, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException exception) when (exception is not BadHttpRequestException)
        {
            throw new BadHttpRequestException("The body can't be read.", exception);
        }
    }

    private delegate T Parser<T>(ReadOnlySpan<byte> utf8);

    private static T Parse<T>(ReadOnlySpan<byte> utf8, JsonTypeInfo<T> type) where T : class
    {
        var errors = new FieldErrors();
        return StrictJson.Read(utf8, type, errors) ?? throw Problem.Invalid(errors);
    }

    private static byte[] Grow(byte[] buffer)
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        return larger;
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
