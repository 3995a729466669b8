using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using EmailFunctions.Problems;
using EmailFunctions.Spooling;
using EmailFunctions.Wire;

namespace EmailFunctions.Tests.Wire;

/// <summary>
/// Reads bodies with files and texts in two ways: by the serialiser alone, from memory, and as they arrive in pieces. Both tell what they read,
/// or what they found wrong, in one line.
/// </summary>
internal static class BodyReading
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        MaxDepth = 8,
        Converters = { new FileReferences(), new TextReferences() },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    private static readonly ValuePlace[] Places = [ValuePlace.Text("body"), ValuePlace.File("attachments", "content"), ValuePlace.Text("html")];

    private static readonly IncomingBodies Bodies = new(Spools.InTemporaryFolder(), TimeProvider.System);

    /// <summary>What a reader without pieces and spools says.</summary>
    public static string Whole(byte[] body)
    {
        var errors = new FieldErrors();
        return StrictJson.Read(body, TypeInfo<Message<byte[], string>>(), errors) is { } message ? message.Tell(static file => file, static text => text) : Tell(errors);
    }

    /// <summary>The same of a list of messages.</summary>
    public static string WholeList(byte[] body)
    {
        var errors = new FieldErrors();
        return JsonList.Read(body, "messages", 5, TypeInfo<Message<byte[], string>>(), errors, omissions: null) is { } items ? Tell(items, static file => file, static text => text) : Tell(errors);
    }

    /// <summary>What the reader of pieces says; nothing where it is not to tell.</summary>
    public static string InPieces(IEnumerable<byte[]> pieces, int maxTextBytes = ValueExtractor.MaxTextBytes, bool tell = true)
    {
        using var incoming = Bodies.Begin();
        using var body = Arrived(Places, incoming, pieces, maxTextBytes);
        return Catch(() => body.Read(TypeInfo<Message<SpoolSlice, SpoolText>>()) is var message && tell ? message.Tell(Bytes, Text) : "");
    }

    /// <summary>The same of a list of messages.</summary>
    public static string ListInPieces(IEnumerable<byte[]> pieces, int maxTextBytes = ValueExtractor.MaxTextBytes)
    {
        using var incoming = Bodies.Begin();
        using var body = Arrived([.. Places.Select(static place => place.Within("messages"))], incoming, pieces, maxTextBytes);
        return Catch(() => Tell(body.ReadList("messages", 5, TypeInfo<Message<SpoolSlice, SpoolText>>()), Bytes, Text));
    }

    private static SpooledBody Arrived(ValuePlace[] places, IncomingBody incoming, IEnumerable<byte[]> pieces, int maxTextBytes)
    {
        var body = new SpooledBody(places, incoming, expected: 16, maxTextBytes);
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

    private static string Tell<T, TText>(IReadOnlyList<ListItem<Message<T, TText>>> items, Func<T, byte[]> bytes, Func<TText, string> text) =>
        string.Join(" | ", items.Select(item => item.Value is { } message ? message.Tell(bytes, text) : Tell(item.Errors)));

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

    private static string Text(SpoolText text)
    {
        using var reader = new StreamReader(text.OpenRead(), new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
        var all = reader.ReadToEnd();
        Assert.Equal(all.Contains('\0', StringComparison.Ordinal), text.ContainsNull);
        return all;
    }

    private static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    private sealed record Message<T, TText>
    {
        public TText? Body { get; set; }

        public TText? Html { get; set; }

        public string? Subject { get; set; }

        public List<Attachment<T>?>? Attachments { get; set; }

        public JsonElement? Data { get; set; }

        public string Tell(Func<T, byte[]> bytes, Func<TText, string> text) =>
            $"{(Body is null ? "-" : text(Body))} {(Html is null ? "-" : text(Html))} {Subject ?? "-"} {Data?.GetRawText() ?? "-"} {(Attachments is null ? "-" : string.Join(",", Attachments.Select(attachment => attachment?.Tell(bytes) ?? "null")))}";
    }

    private sealed record Attachment<T>
    {
        public string? Filename { get; set; }

        public T? Content { get; set; }

        public string Tell(Func<T, byte[]> bytes) => $"{Filename ?? "-"}={(Content is { } file ? Convert.ToHexString(bytes(file)) : "-")}";
    }
}
