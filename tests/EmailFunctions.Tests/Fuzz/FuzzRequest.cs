namespace EmailFunctions.Tests.Fuzz;

/// <summary>A request on its way from valid to anything.</summary>
internal sealed class FuzzRequest
{
    public required string Method { get; set; }

    /// <summary>As it goes over the wire, with what is escaped in it.</summary>
    public required string Path { get; set; }

    public List<string> Query { get; } = [];

    /// <summary>Null: none.</summary>
    public byte[]? Body { get; set; }

    public string? ContentType { get; set; } = "application/json";

    public bool IsChunked { get; set; }

    public List<(string Name, string Value)> Headers { get; } = [];

    public string Target => Query.Count == 0 ? Path : $"{Path}?{string.Join('&', Query)}";

    public HttpRequestMessage ToMessage(Uri service)
    {
        // Without this, the client would tidy the path up.
        var uri = new Uri($"{service.GetLeftPart(UriPartial.Authority)}{Target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var message = new HttpRequestMessage(new HttpMethod(Method), uri);
        foreach (var (name, value) in Headers)
            message.Headers.TryAddWithoutValidation(name, value);
        if (Body is null)
            return message;
        message.Content = IsChunked ? new StreamContent(new UnsizedStream(Body)) : new ByteArrayContent(Body);
        if (ContentType is not null)
            message.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        foreach (var (name, value) in Headers.Where(static header => header.Name is "Content-Encoding" or "Content-Language"))
            message.Content.Headers.TryAddWithoutValidation(name, value);
        return message;
    }

    public override string ToString() => $"{Method} {Short(Target)} {ContentType} [{string.Join("; ", Headers.Select(static header => $"{header.Name}: {Short(header.Value)}"))}] {(Body is null ? "-" : Short(System.Text.Encoding.UTF8.GetString(Body)))}";

    private static string Short(string text) => text.Length <= 400 ? text : $"{text[..400]}… ({text.Length})";

    // A client does not know its length, and so sends it in chunks.
    private sealed class UnsizedStream(byte[] content) : MemoryStream(content, writable: false)
    {
        public override bool CanSeek => false;
    }
}
