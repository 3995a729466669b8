using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using EmailFunctions.Problems;
using EmailFunctions.Spooling;
using EmailFunctions.Wire;

namespace EmailFunctions.Tests.Wire;

/// <summary>
/// Reads bodies with files in two ways: by the serialiser alone, from memory, and as they arrive in pieces. Both tell what they read,
/// or what they found wrong, in one line.
/// </summary>
internal static class FileReading
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        MaxDepth = 8,
        Converters = { new FileReferences() },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    private static readonly IncomingBodies Bodies = new(Spools.InTemporaryFolder(), TimeProvider.System);

    /// <summary>What a reader without pieces and spools says.</summary>
    public static string Whole(byte[] body)
    {
        var errors = new FieldErrors();
        return StrictJson.Read(body, TypeInfo<Message<byte[]>>(), errors) is { } message ? message.Tell(static file => file) : Tell(errors);
    }

    /// <summary>The same of a list of messages.</summary>
    public static string WholeList(byte[] body)
    {
        var errors = new FieldErrors();
        return JsonList.Read(body, "messages", 5, TypeInfo<Message<byte[]>>(), errors, omissions: null) is { } items ? Tell(items, static file => file) : Tell(errors);
    }

    /// <summary>What the reader of pieces says.</summary>
    public static string InPieces(IEnumerable<byte[]> pieces)
    {
        using var incoming = Bodies.Begin();
        using var body = Arrived(["attachments", "content"], incoming, pieces);
        return Catch(() => body.Read(TypeInfo<Message<SpoolSlice>>()).Tell(Bytes));
    }

    /// <summary>The same of a list of messages.</summary>
    public static string ListInPieces(IEnumerable<byte[]> pieces)
    {
        using var incoming = Bodies.Begin();
        using var body = Arrived(["messages", "attachments", "content"], incoming, pieces);
        return Catch(() => Tell(body.ReadList("messages", 5, TypeInfo<Message<SpoolSlice>>()), Bytes));
    }

    private static FileBody Arrived(string[] path, IncomingBody incoming, IEnumerable<byte[]> pieces)
    {
        var body = new FileBody(path, incoming, expected: 16);
        foreach (var piece in pieces)
            body.Append(piece);
        Assert.True(body.EndAsync(CancellationToken.None).AsTask().IsCompletedSuccessfully);
        return body;
    }

    private static string Catch(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (ProblemException refused)
        {
            return Tell(refused.Problem.Errors!);
        }
    }

    private static string Tell<T>(IReadOnlyList<ListItem<Message<T>>> items, Func<T, byte[]> bytes) =>
        string.Join(" | ", items.Select(item => item.Value is { } message ? message.Tell(bytes) : Tell(item.Errors)));

    private static string Tell(FieldErrors errors) => Tell(errors.ToDictionary());

    private static string Tell(Dictionary<string, string[]> errors) =>
        "errors: " + string.Join("; ", errors.Select(static error => $"{error.Key} {string.Join(", ", error.Value)}"));

    private static byte[] Bytes(SpoolSlice file)
    {
        using var stream = file.OpenRead();
        var bytes = new byte[file.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    private sealed record Message<T>
    {
        public string? Subject { get; set; }

        public List<Attachment<T>?>? Attachments { get; set; }

        public JsonElement? Data { get; set; }

        public string Tell(Func<T, byte[]> bytes) =>
            $"{Subject ?? "-"} {Data?.GetRawText() ?? "-"} {(Attachments is null ? "-" : string.Join(",", Attachments.Select(attachment => attachment?.Tell(bytes) ?? "null")))}";
    }

    private sealed record Attachment<T>
    {
        public string? Filename { get; set; }

        public T? Content { get; set; }

        public string Tell(Func<T, byte[]> bytes) => $"{Filename ?? "-"}={(Content is { } file ? Convert.ToHexString(bytes(file)) : "-")}";
    }
}
