namespace EmailFunctions.TestKit.Protocol;

/// <summary>One of the sink's own replies.</summary>
/// <param name="Code">The three-digit code.</param>
/// <param name="Enhanced">The enhanced status code, or empty where RFC 2034 has none (for example 354).</param>
/// <param name="Text">The words after it.</param>
internal readonly record struct SmtpReply(int Code, string Enhanced, string Text)
{
    public bool Refuses => Code >= 400;

    public string ToLine(bool withEnhancedCode) =>
        withEnhancedCode && Enhanced.Length > 0 ? $"{Code} {Enhanced} {Text}" : $"{Code} {Text}";
}
