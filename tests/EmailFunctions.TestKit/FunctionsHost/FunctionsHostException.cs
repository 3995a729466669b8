namespace EmailFunctions.TestKit.FunctionsHost;

/// <summary>The host refuses to start, or has given up; the message names every reason.</summary>
public sealed class FunctionsHostException : Exception
{
    /// <summary>With the reasons, one a line.</summary>
    public FunctionsHostException(string message)
        : base(message)
    {
    }
}
