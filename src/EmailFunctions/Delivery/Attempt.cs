using EmailFunctions.Messages;
using EmailFunctions.Providers;

namespace EmailFunctions.Delivery;

/// <summary>What came of a call of a provider, or of the wish to call one.</summary>
/// <param name="Result">What the provider said, or why it was not asked.</param>
/// <param name="Account">With which account; null when it did not come to that.</param>
/// <param name="Content">What was to be sent; null when it could not be read.</param>
/// <param name="Duration">The call of the provider.</param>
public sealed record Attempt(SendResult Result, ProviderAccount? Account, EmailContent? Content, TimeSpan Duration)
{
    /// <summary>The place of the account among the tenant's providers.</summary>
    public int Place { get; init; }

    /// <summary>Whether others of the tenant can be sent meanwhile, so that only this message waits.</summary>
    public bool WaitsAlone { get; init; }

    /// <summary>Whether the provider was not called since the tenant's places are full, which says nothing about when its other mail is sent.</summary>
    public bool FindsNoPlace { get; init; }

    /// <summary>Positions of the recipients that the call was for.</summary>
    public IReadOnlyList<int> Called { get; init; } = [];

    /// <summary>Whether the message has recipients that the provider is still to be called for.</summary>
    public bool IsPart { get; init; }

    /// <summary>The version that the tenant's configuration had; null when it did not come to that.</summary>
    public string? ConfigVersion { get; init; }

    /// <summary>Who was asked; null when it did not come to that.</summary>
    public ProviderSettings? Provider => Account?.Settings;

    /// <summary>Positions of those who have the message now.</summary>
    public IReadOnlyList<int> Taken =>
        Result.Status != SendStatus.Sent ? []
        : Result.RefusedRecipients.Count == 0 && Result.DeferredRecipients.Count == 0 ? Called
        : [.. Called.Except(Result.RefusedRecipients).Except(Result.DeferredRecipients)];

    /// <summary>Positions of those who were refused for good, while others may get it.</summary>
    public IReadOnlyList<int> Refused => IsAboutRecipients && Called.Count < (Content?.RecipientCount ?? 0) ? Called : Result.RefusedRecipients;

    /// <summary>Whether the call settled something, so that the next one can follow at once.</summary>
    public bool LetsOthersFollow => IsPart && (Result.Status == SendStatus.Sent || IsAboutRecipients);

    /// <summary>Whether the recipients that were called for are the reason of a refusal, which says nothing about others.</summary>
    public bool IsAboutRecipients => Result is { Status: SendStatus.Permanent, Category: ErrorCategory.Recipient };
}
