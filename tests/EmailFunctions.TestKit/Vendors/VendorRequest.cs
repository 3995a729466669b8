using System.Text;

namespace EmailFunctions.TestKit.Vendors;

/// <summary>A request as it came over the wire.</summary>
/// <param name="Method">The method, in upper case.</param>
/// <param name="Target">Path and query as sent, not decoded.</param>
/// <param name="Headers">The header fields by lower-case name; repeated ones are joined by a comma.</param>
/// <param name="ConnectionNumber">Which connection it came on, counted from 1.</param>
/// <param name="RemotePort">The caller's port on that connection.</param>
public sealed record VendorRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, int ConnectionNumber, int RemotePort)
{
    /// <summary>The body; empty while it has not been read whole.</summary>
    public byte[] Body { get; init; } = [];

    /// <summary>The body as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>A header field; empty where it is missing.</summary>
    /// <param name="name">Its name, in any case.</param>
    public string Header(string name) => Headers.GetValueOrDefault(name.ToLowerInvariant(), "");
}
