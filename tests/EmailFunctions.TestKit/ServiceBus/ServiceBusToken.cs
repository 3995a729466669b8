using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EmailFunctions.TestKit.ServiceBus;

/// <summary>A token that a client put on <c>$cbs</c>.</summary>
/// <param name="Type"><c>jwt</c> or <c>servicebus.windows.net:sastoken</c>.</param>
/// <param name="Audience">What it is for.</param>
/// <param name="Text">The token itself.</param>
public sealed record ServiceBusToken(string Type, string Audience, string Text)
{
    /// <summary>The type of a token of Entra.</summary>
    public const string Jwt = "jwt";

    /// <summary>The type of a shared access signature.</summary>
    public const string Sas = "servicebus.windows.net:sastoken";

    /// <summary>When a shared access signature ends, if it was made with this rule and key for the audience or for what is above it; else null.</summary>
    /// <param name="rule">The name of the rule.</param>
    /// <param name="key">The rule's key.</param>
    public DateTimeOffset? CheckSignature(string rule, string key)
    {
        const string Scheme = "SharedAccessSignature ";
        if (Type != Sas || !Text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return null;
        }

        var fields = Text[Scheme.Length..].Split('&').Select(static field => field.Split('=', 2)).ToDictionary(
            static field => field[0], static field => Uri.UnescapeDataString(field[^1]));
        if (!fields.TryGetValue("sr", out var resource) || !fields.TryGetValue("se", out var expiry)
            || !fields.TryGetValue("sig", out var signature) || fields.GetValueOrDefault("skn") != rule)
        {
            return null;
        }

        var raw = Text[Scheme.Length..].Split('&').First(static field => field.StartsWith("sr=", StringComparison.Ordinal))[3..];
        var hash = HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes($"{raw}\n{expiry}"));
        var end = DateTimeOffset.FromUnixTimeSeconds(long.Parse(expiry, CultureInfo.InvariantCulture));
        return signature == Convert.ToBase64String(hash) && Audience.StartsWith(resource, StringComparison.OrdinalIgnoreCase) && end > DateTimeOffset.UtcNow
            ? end
            : null;
    }
}
