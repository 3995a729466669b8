namespace EmailFunctions.Providers;

/// <summary>What became of an attempt to send; says whether to try again.</summary>
public enum SendStatus
{
    /// <summary>The provider has taken the message, for all recipients but those named as refused.</summary>
    Sent,

    /// <summary>Not taken; the same may succeed later.</summary>
    Transient,

    /// <summary>Not taken, since too much was sent; later it will be.</summary>
    Throttled,

    /// <summary>The provider was not asked, since this service can't or won't just now; no attempt of the message's own.</summary>
    Postponed,

    /// <summary>Not taken, and never will be.</summary>
    Permanent,

    /// <summary>Not taken, since the configuration is wrong (host, credentials); every message will fare so until it is changed.</summary>
    Misconfigured,

    /// <summary>It may have been taken: the connection broke or timed out after the content was handed over.</summary>
    Unknown,
}

/// <summary>Whose fault a failure was; the names are a fixed label of metrics and audit.</summary>
public enum ErrorCategory
{
    Auth,
    Network,
    Timeout,
    Recipient,
    Content,
    Quota,
    RateLimited,
    Config,
    ProviderUnavailable,
    Unexpected,
}

/// <summary>The outcome of an attempt.</summary>
public sealed record SendResult
{
    public required SendStatus Status { get; init; }

    /// <summary>Null when sent.</summary>
    public ErrorCategory? Category { get; init; }

    /// <summary>The provider's own id of the message, where it gives one.</summary>
    public string? ProviderMessageId { get; init; }

    /// <summary>The provider's answer, for the operator: without addresses, at most 300 characters.</summary>
    public string? Answer { get; init; }

    /// <summary>The provider was not asked: what it does not take was found before.</summary>
    public bool IsNotAsked { get; init; }

    /// <summary>When the provider asks to be tried again; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Positions in <see cref="Messages.EmailContent.Recipients"/> that the provider refused while it took the others.</summary>
    public IReadOnlyList<int> RefusedRecipients { get; init; } = [];

    /// <summary>Positions of those that it did not take for now (greylisting, a mailbox that is busy) while it took others: they are tried again.</summary>
    public IReadOnlyList<int> DeferredRecipients { get; init; } = [];

    /// <summary>
    /// Whether another provider may do what this one did not: nothing was handed over, and neither the message nor a recipient is the
    /// reason. Too much mail is no reason either: it shifts the tenant's slots.
    /// </summary>
    public bool MayGoElsewhere =>
        Status is SendStatus.Transient or SendStatus.Throttled or SendStatus.Postponed or SendStatus.Misconfigured
        && Category is ErrorCategory.ProviderUnavailable or ErrorCategory.Network or ErrorCategory.Timeout or ErrorCategory.Quota or ErrorCategory.Auth or ErrorCategory.Config;

    public static SendResult Sent(string? answer, string? providerMessageId = null) =>
        new() { Status = SendStatus.Sent, Answer = ProviderAnswer.Clean(answer), ProviderMessageId = providerMessageId };

    public static SendResult Failed(SendStatus status, ErrorCategory category, string? answer) =>
        new() { Status = status, Category = category, Answer = ProviderAnswer.Clean(answer) };
}

/// <summary>The names of <see cref="ErrorCategory"/> on the wire and in metrics.</summary>
public static class ErrorCategories
{
    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<ErrorCategory>().Select(Name)];

    public static string Name(this ErrorCategory category) => category switch
    {
        ErrorCategory.Auth => "auth",
        ErrorCategory.Network => "network",
        ErrorCategory.Timeout => "timeout",
        ErrorCategory.Recipient => "recipient",
        ErrorCategory.Content => "content",
        ErrorCategory.Quota => "quota",
        ErrorCategory.RateLimited => "rate_limited",
        ErrorCategory.Config => "config",
        ErrorCategory.ProviderUnavailable => "provider_unavailable",
        ErrorCategory.Unexpected => "unexpected",
        _ => throw new ArgumentOutOfRangeException(nameof(category)),
    };
}
