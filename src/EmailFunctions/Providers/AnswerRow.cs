namespace EmailFunctions.Providers;

/// <summary>
/// One row of the table from a provider's answer to what it means for the message. The adapters decide by these rows, and
/// <c>docs/providers.md</c> shows them.
/// </summary>
/// <param name="Answer">What the provider does, in its own terms.</param>
/// <param name="Status">What becomes of the attempt.</param>
/// <param name="Category">Whose fault it is; null when sent.</param>
public sealed record AnswerRow(string Answer, SendStatus Status, ErrorCategory? Category)
{
    private const string NotAskedMark = "Not asked: ";

    /// <summary>The same for all who are called over the network.</summary>
    public static AnswerRow PlaceRefused { get; } =
        NotAsked("the host, an address that it leads to, or the port is not one that may be called", SendStatus.Misconfigured, ErrorCategory.Config);

    /// <summary>Whether this is found before the provider is asked.</summary>
    public bool IsNotAsked { get; init; }

    /// <summary>A row that is decided before the provider is asked.</summary>
    /// <param name="reason">Why it is not.</param>
    /// <param name="status">What becomes of the attempt.</param>
    /// <param name="category">Whose fault it is.</param>
    public static AnswerRow NotAsked(string reason, SendStatus status, ErrorCategory category) => new(NotAskedMark + reason, status, category) { IsNotAsked = true };

    /// <summary>The result of an attempt that ended so.</summary>
    /// <param name="text">What the provider said.</param>
    public SendResult ToResult(string? text) => new() { Status = Status, Category = Category, Answer = ProviderAnswer.Clean(text), IsNotAsked = IsNotAsked };
}
