using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure.Core;

namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>A token for <c>$cbs</c>.</summary>
/// <param name="Type">Its type, as <c>$cbs</c> names it.</param>
/// <param name="Text">The token.</param>
/// <param name="ExpiresAt">Its end.</param>
internal sealed record ServiceBusToken(string Type, string Text, DateTimeOffset ExpiresAt)
{
    // Nothing of it in a log.
    public override string ToString() => Type;
}

/// <summary>Gets tokens for one queue: of the identity, or signed with the key.</summary>
internal sealed class ServiceBusTokens(ServiceBusOptions options, string queue, TimeProvider time)
{
    private const string Scope = "https://servicebus.azure.net/.default";

    private static readonly TimeSpan SignatureLife = TimeSpan.FromHours(1);

    /// <summary>What the tokens are for.</summary>
    public string Audience { get; } = $"amqps://{options.Host}/{queue}";

    /// <exception cref="ServiceBusException">There is none.</exception>
    public async Task<ServiceBusToken> GetAsync(CancellationToken cancellationToken)
    {
        if (options.Key is { } key)
            return Sign(key);
        try
        {
            var token = await options.Credential!.GetTokenAsync(new TokenRequestContext([Scope]), cancellationToken);
            return new ServiceBusToken("jwt", token.Token, token.ExpiresOn);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new ServiceBusException(ServiceBusFailure.Unauthorized, $"the identity got no token ({exception.GetType().Name})", exception);
        }
    }

    // https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas
    private ServiceBusToken Sign(SharedAccessKey key)
    {
        var expiresAt = time.GetUtcNow() + SignatureLife;
        var expiry = expiresAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var resource = Uri.EscapeDataString(Audience);
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(key.Key), Encoding.UTF8.GetBytes($"{resource}\n{expiry}"));
        return new ServiceBusToken(
            "servicebus.windows.net:sastoken",
            $"SharedAccessSignature sr={resource}&sig={Uri.EscapeDataString(Convert.ToBase64String(signature))}&se={expiry}&skn={Uri.EscapeDataString(key.Rule)}",
            expiresAt);
    }
}
