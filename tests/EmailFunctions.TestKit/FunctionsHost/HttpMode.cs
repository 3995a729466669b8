namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>How a request to a function that is nothing but HTTP is handed to the worker.</summary>
public enum HttpMode
{
    /// <summary>As hosts since spring 2025 with <c>enableProxyingHttpRequest</c>: streamed through YARP.</summary>
    Proxying,

    /// <summary>
    /// As hosts before with <c>enableForwardingHttpRequest</c>, where the path is passed on as it came. Bodies without a
    /// Content-Length don't arrive, and an answer is complete before its first byte is given out.
    /// </summary>
    Forwarding,

    /// <summary>
    /// The same, with the path taken from the decoded display URL by <see cref="Uri"/>: what was escaped twice is unescaped
    /// twice, and dot segments that come out of it are collapsed. The public may so reach a path that no route has.
    /// </summary>
    ForwardingDecoded,
}
