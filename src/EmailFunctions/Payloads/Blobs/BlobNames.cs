namespace EmailFunctions.Payloads.Blobs;

/// <summary>
/// The blob of a payload: <c>owner/id</c>. Azure advises against path segments that end with a dot (learn.microsoft.com, "Naming and
/// referencing containers, blobs, and metadata"), and a tenant's name may: its last dot becomes <c>~</c>, which no payload has in its name.
/// </summary>
internal static class BlobNames
{
    private const char LastDot = '~';

    public static string Of(PayloadName name) => $"{Encode(name.Owner)}/{Encode(name.Id)}";

    /// <summary>The payload of a blob; null when it is none.</summary>
    public static PayloadName? TryRead(string blob) =>
        blob.Split('/') is [var owner, var id] ? PayloadName.TryCreate(Decode(owner), Decode(id)) : null;

    private static string Encode(string part) => part.EndsWith('.') ? part[..^1] + LastDot : part;

    private static string Decode(string part) => part.EndsWith(LastDot) ? part[..^1] + '.' : part;
}
