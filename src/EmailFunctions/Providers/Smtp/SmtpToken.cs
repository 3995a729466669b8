using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using EmailFunctions.Outbound;
using EmailFunctions.Providers.Http;
using MailKit.Security;

namespace EmailFunctions.Providers.Smtp;

/// <summary>
/// One account's access token (RFC 6749): fetched when it is needed, by one caller for all, and kept until shortly before it ends. An
/// issuer that replaces the refresh token at each use is not supported, since the new one could not be kept.
/// </summary>
internal sealed partial class SmtpToken(ProviderAccount account, SmtpOptions options, IHttpClientFactory clients, TimeProvider time)
{
    // An answer is a token and a few words.
    private const int MaxAnswerBytes = 64 * 1024;

    // Where the issuer does not say how long it lasts.
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromMinutes(5);

    // It has to last until the server has looked at it.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private Task<Token>? _current;

    /// <summary>Whether no token is kept that still lasts.</summary>
    public bool IsOver
    {
        get
        {
            lock (_lock)
                return _current is null or { IsFaulted: true } || (_current.IsCompletedSuccessfully && time.GetUtcNow() >= _current.Result.Until);
        }
    }

    /// <summary>Opens a connection with the token, and once more with a new one where the server does not let in with a kept one: it may have been revoked.</summary>
    /// <exception cref="SmtpFailureException">There is no token.</exception>
    public async Task<SmtpConnection> UseAsync(Func<string, CancellationToken, Task<SmtpConnection>> open, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (task, wasKept) = Get();
            var token = await task.WaitAsync(cancellationToken);
            try
            {
                return await open(token.Value, cancellationToken);
            }
            catch (AuthenticationException exception) when (SmtpAnswers.RowOf(SmtpAnswer.OfOpening(exception)).Category == ErrorCategory.Auth)
            {
                Drop(task);
                if (!wasKept)
                    throw;
            }
        }
    }

    private (Task<Token> Token, bool WasKept) Get()
    {
        lock (_lock)
        {
            var isKept = _current is { IsCompletedSuccessfully: true } && !IsOver;
            if (_current is null || IsOver)
                _current = FetchAsync();
            return (_current, isKept);
        }
    }

    private void Drop(Task<Token> token)
    {
        lock (_lock)
        {
            if (_current == token)
                _current = null;
        }
    }

    // For all who wait, so that nobody's cancellation ends it.
    private async Task<Token> FetchAsync()
    {
        using var patience = new CancellationTokenSource(options.TokenTimeout, time);
        try
        {
            using var client = clients.CreateClient(ProviderClients.NameOf(account.Owner));
            client.MaxResponseContentBufferSize = MaxAnswerBytes;
            using var form = new FormUrlEncodedContent(Fields());
            using var response = await client.PostAsync(new Uri(account.Settings.SmtpOAuthTokenUrl!), form, patience.Token);
            var answer = Parse(await response.Content.ReadAsByteArrayAsync(patience.Token));
            return response.IsSuccessStatusCode && answer?.AccessToken is { Length: > 0 } token
                ? new Token(token, time.GetUtcNow() + UsableTime(answer))
                : throw Refused((int)response.StatusCode, answer?.Error);
        }
        catch (HttpRequestException exception) when (exception.GetBaseException() is OutboundRefusedException refused)
        {
            throw new SmtpFailureException(SmtpEvent.PlaceRefused, refused.Message);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            throw new SmtpFailureException(SmtpEvent.TokenUnavailable, "The token endpoint did not answer.");
        }
    }

    private static TimeSpan UsableTime(TokenAnswer answer)
    {
        var lifetime = answer.ExpiresIn is { } seconds and > 0 and < int.MaxValue ? TimeSpan.FromSeconds(seconds) : DefaultLifetime;
        return lifetime > Margin * 2 ? lifetime - Margin : lifetime / 2;
    }

    private IEnumerable<KeyValuePair<string, string>> Fields()
    {
        var (settings, secrets) = (account.Settings, account.Secrets);
        yield return new("grant_type", secrets.SmtpOAuthRefreshToken is null ? "client_credentials" : "refresh_token");
        if (secrets.SmtpOAuthRefreshToken is { } refresh)
            yield return new("refresh_token", refresh);
        if (settings.SmtpOAuthClientId is { } client)
            yield return new("client_id", client);
        if (secrets.SmtpOAuthClientSecret is { } secret)
            yield return new("client_secret", secret);
        if (settings.SmtpOAuthScope is { } scope)
            yield return new("scope", scope);
    }

    private static SmtpFailureException Refused(int status, string? error)
    {
        var isRefused = status is >= 400 and < 500 and not 408 and not 429;
        // The error's name is from a short list (RFC 6749 section 5.2); its description may quote anything.
        var name = error is not null && ErrorName().IsMatch(error) ? " " + error : "";
        return new SmtpFailureException(isRefused ? SmtpEvent.TokenRefused : SmtpEvent.TokenUnavailable, $"The token endpoint answered {status}{name}.");
    }

    private static TokenAnswer? Parse(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, TokenJson.Default.TokenAnswer);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [GeneratedRegex("^[a-z_]{1,40}$")]
    private static partial Regex ErrorName();

    private sealed record Token(string Value, DateTimeOffset Until);
}

/// <summary>What a token endpoint answers.</summary>
internal sealed record TokenAnswer(string? AccessToken, double? ExpiresIn, string? Error);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(TokenAnswer))]
internal sealed partial class TokenJson : JsonSerializerContext;
