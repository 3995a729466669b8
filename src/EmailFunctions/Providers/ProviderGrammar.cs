using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace EmailFunctions.Providers;

/// <summary>What a vendor's key or region may look like at all: what does not could never be sent with.</summary>
public static partial class ProviderGrammar
{
    /// <summary>Whether a secret can be written in a header field (RFC 9110 section 5.5): anything else is no vendor's key.</summary>
    public static bool IsKey([NotNullWhen(true)] string? secret) => secret is { Length: > 0 } && secret.All(static c => c is > ' ' and <= '~');

    /// <summary>Whether this is the name of an AWS region. It becomes part of a host's name, so it may be nothing else.</summary>
    public static bool IsAwsRegion([NotNullWhen(true)] string? region) => region is not null && AwsRegion().IsMatch(region);

    [GeneratedRegex(@"^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}\z")]
    private static partial Regex AwsRegion();
}
