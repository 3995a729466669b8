namespace EmailFunctions.TestKit.Vendors;

/// <summary>What a vendor's server does with one request.</summary>
public sealed record VendorReply
{
    private VendorReply()
    {
    }

    /// <summary>The status of the answer.</summary>
    public int Status { get; private init; }

    /// <summary>The body of the answer.</summary>
    public string Body { get; private init; } = "";

    /// <summary>Header fields of the answer.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>How many bytes of the body are read before the connection is cut or held; null: all.</summary>
    internal long? ReadUpTo { get; private init; }

    internal bool IsCut { get; private init; }

    internal VendorHold? Hold { get; private init; }

    /// <summary>Reads the request and answers it.</summary>
    /// <param name="status">The status.</param>
    /// <param name="body">The body, as JSON unless a header field says otherwise.</param>
    /// <param name="headers">Header fields.</param>
    public static VendorReply Answer(int status, string body = "", params (string Name, string Value)[] headers) =>
        new() { Status = status, Body = body, Headers = headers.ToDictionary(static header => header.Name, static header => header.Value) };

    /// <summary>Closes the connection after so many bytes of the body.</summary>
    /// <param name="bytes">How many are read.</param>
    public static VendorReply CutDuringUpload(long bytes = 1) => new() { ReadUpTo = bytes, IsCut = true };

    /// <summary>Stops reading after so many bytes of the body, until the hold is released.</summary>
    /// <param name="hold">Where it waits.</param>
    /// <param name="bytes">How many are read.</param>
    public static VendorReply HangDuringUpload(VendorHold hold, long bytes = 1) => new() { ReadUpTo = bytes, Hold = hold, IsCut = true };

    /// <summary>Reads the whole request, counts it, and closes the connection without an answer.</summary>
    public static VendorReply CutAfterBody() => new() { IsCut = true };

    /// <summary>Reads the whole request, counts it, and waits; then it answers.</summary>
    /// <param name="hold">Where it waits.</param>
    /// <param name="then">The answer after that.</param>
    public static VendorReply HangAfterBody(VendorHold hold, VendorReply then) => then with { Hold = hold };
}
