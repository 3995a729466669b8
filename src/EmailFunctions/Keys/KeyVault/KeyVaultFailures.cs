using System.Text.Json;
using System.Text.RegularExpressions;
using Azure;
using Azure.Identity;

namespace EmailFunctions.Keys.KeyVault;

/// <summary>
/// What a failure of the vault means, in a sentence that says what to check. Of the vault's own words only its error codes are
/// passed on: they are from a fixed list, its texts name identities.
/// </summary>
internal static partial class KeyVaultFailures
{
    /// <summary>Whether an exception says that there was no answer, or no token to ask with.</summary>
    public static bool IsNoAnswer(Exception exception) =>
        exception is RequestFailedException or IOException or OperationCanceledException or AuthenticationFailedException or AggregateException;

    /// <summary>No answer, or no token to ask with.</summary>
    public static KeyUnavailableException Unreachable(KeyVaultAddress key, Exception exception) => exception switch
    {
        AuthenticationFailedException => new KeyUnavailableException(
            $"No token for the vault of the key {key} could be had. Check that the service's managed identity exists and that AZURE_CLIENT_ID names it.", exception),
        OperationCanceledException => Silent(key, exception),
        AggregateException several when several.InnerExceptions.All(static inner => inner is OperationCanceledException) => Silent(key, exception),
        _ => new KeyUnavailableException(
            $"The vault of the key {key} can't be reached. Check the vault's name, and that its network rules let the service in.", exception),
    };

    /// <summary>An answer that is no success.</summary>
    /// <param name="key">The key that was asked for.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="isUnwrap">Whether a data key was to be unwrapped, which then may be to blame itself.</param>
    public static KeyUnavailableException Refused(KeyVaultAddress key, Response answer, bool isUnwrap)
    {
        var codes = ReadCodes(answer);
        var said = codes.Count > 0 ? $"{answer.Status} {string.Join("/", codes)}" : $"{answer.Status}";
        return new KeyUnavailableException(codes.LastOrDefault() switch
        {
            "KeyDisabled" => $"A version of the key {key} is disabled ({said}). Enable it: what was encrypted under it can't be read otherwise.",
            "KeyExpired" or "KeyNotYetValid" => $"A version of the key {key} is not valid now ({said}). Check its dates in the vault.",
            "ForbiddenByFirewall" => $"The vault of the key {key} does not let the service's network in ({said}). Check the vault's network rules.",
            _ => Explain(key, answer.Status, said),
        })
        { IsLasting = answer.Status is 400 or 404 || codes.Contains("KeyDisabled"), IsDamage = isUnwrap && answer.Status == 400 };
    }

    /// <summary>An answer that is not one of Key Vault's.</summary>
    public static KeyUnavailableException Unreadable(KeyVaultAddress key, Exception? exception) =>
        new($"What answers at the address of the key {key} does not answer as Key Vault does. Check the address.", exception);

    private static KeyUnavailableException Silent(KeyVaultAddress key, Exception exception) =>
        new($"The vault of the key {key} did not answer in time. Check that the service's network reaches it.", exception);

    private static string Explain(KeyVaultAddress key, int status, string said) => status switch
    {
        400 => $"A data key that names the key {key} was not wrapped by it, or was changed ({said}).",
        401 => $"The vault of the key {key} takes no token of this service's identity ({said}). Check that both belong to the same Entra tenant.",
        403 => $"The service's identity may not use the key {key} ({said}). Give it the role Key Vault Crypto Service Encryption User on the key; a new role takes minutes to hold.",
        404 => $"The vault has no key or no such version at {key} ({said}). Check the key's name, and whether it was deleted: a deleted key can be recovered.",
        429 => $"The vault of the key {key} is asked too often ({said}). Check what else uses the vault.",
        _ => $"The vault of the key {key} fails ({said}). Check the health of Key Vault in its region.",
    };

    private static List<string> ReadCodes(Response answer)
    {
        var codes = new List<string>();
        try
        {
            using var json = JsonDocument.Parse(answer.Content.ToMemory());
            for (var error = Property(json.RootElement, "error"); error is not null; error = Property(error.Value, "innererror"))
            {
                if (Property(error.Value, "code") is { ValueKind: JsonValueKind.String } code && Code().IsMatch(code.GetString()!))
                    codes.Add(code.GetString()!);
            }
        }
        catch (JsonException)
        {
            // A proxy's page; the status says enough.
        }

        return codes;
    }

    private static JsonElement? Property(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    [GeneratedRegex("^[a-zA-Z]{1,40}$", RegexOptions.CultureInvariant)]
    private static partial Regex Code();
}
