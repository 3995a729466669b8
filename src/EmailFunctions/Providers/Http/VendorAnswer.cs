using System.Net.Http.Headers;

namespace EmailFunctions.Providers.Http;

/// <summary>Why a call got no answer, and how far it had come.</summary>
internal enum CallFailure
{
    /// <summary>It was not made: the place is none that tenants may have called.</summary>
    PlaceRefused,
    UnknownHost,
    NoConnection,
    NoTrust,
    ConnectTimeout,

    /// <summary>Before the last byte was handed over.</summary>
    LostBefore,
    TimeoutBefore,

    /// <summary>After it.</summary>
    LostAfter,
    TimeoutAfter,
}

/// <summary>How a call of a vendor ended.</summary>
internal sealed record VendorAnswer
{
    /// <summary>Null: there is an answer.</summary>
    public CallFailure? Failure { get; init; }

    /// <summary>Why the call was not made, for the operator; null where it was.</summary>
    public string? Refusal { get; init; }

    /// <summary>The status of HTTP; 0 without an answer.</summary>
    public int Status { get; init; }

    public HttpResponseHeaders? Headers { get; init; }

    /// <summary>Whether the message was handed over before the answer came.</summary>
    public bool IsHandedOver { get; init; }

    /// <summary>What the body holds, as far as it is of interest.</summary>
    public string Body { get; init; } = "";

    /// <summary>The vendor's own name for what is wrong; empty where it has none.</summary>
    public string Name { get; init; } = "";

    /// <summary>What the vendor says, in words.</summary>
    public string Text { get; init; } = "";

    /// <summary>The part of the request that the vendor finds fault with; empty where it names none.</summary>
    public string Field { get; init; } = "";

    /// <summary>Whether the vendor's words name the sender.</summary>
    public bool NamesSender { get; init; }

    /// <summary>Whether the call was signed with the service's own credentials instead of the account's.</summary>
    public bool IsWithOwnCredentials { get; init; }

    /// <summary>The vendor's id of a message that it took.</summary>
    public string? MessageId { get; init; }

    /// <summary>When the vendor asks to be called again; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether <see cref="RetryAfter"/> is from the vendor's words about the limit that was reached, so that it is of no other one.</summary>
    public bool IsWaitExact { get; init; }

    /// <summary>Whether the call asked for the message to be checked only.</summary>
    public bool IsTest { get; init; }

    /// <summary>For the operator: status, name and words, or what happened instead.</summary>
    public string Summary => Failure is { } failure ? Refusal ?? Describe(failure) : string.Join(' ', new[] { $"{Status}", Name, Text }.Where(static part => part.Length > 0));

    /// <summary>A call without an answer.</summary>
    public static VendorAnswer None(CallFailure failure) => new() { Failure = failure };

    /// <summary>Whether the vendor's words hold one of these, in whatever case.</summary>
    public bool Says(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (Text.Contains(word, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    /// <summary>The first value of a header field; null where it is missing.</summary>
    public string? Header(string name) => Headers?.TryGetValues(name, out var values) == true ? values.First() : null;

    private static string Describe(CallFailure failure) => failure switch
    {
        CallFailure.PlaceRefused => "The place may not be called.",
        CallFailure.UnknownHost => "The host name is not known.",
        CallFailure.NoConnection => "No connection could be made.",
        CallFailure.NoTrust => "TLS could not be agreed on, or the server's certificate is not trusted.",
        CallFailure.ConnectTimeout => "The server did not let us in within the time allowed.",
        CallFailure.LostBefore => "The connection was lost before the message was handed over.",
        CallFailure.TimeoutBefore => "The message could not be handed over within the time allowed.",
        CallFailure.LostAfter => "The connection was lost before the server's answer.",
        CallFailure.TimeoutAfter => "The server did not answer in time.",
        _ => throw new ArgumentOutOfRangeException(nameof(failure)),
    };
}
