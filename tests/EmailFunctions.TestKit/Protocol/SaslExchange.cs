using System.Text;

namespace EmailFunctions.TestKit.Protocol;

/// <summary>The server's side of AUTH PLAIN (RFC 4616), AUTH LOGIN and AUTH XOAUTH2.</summary>
internal sealed class SaslExchange(SmtpTransport transport, SmtpSinkOptions options)
{
    /// <summary>Who was let in.</summary>
    public string? User { get; private set; }

    /// <summary>Runs the exchange and says how it ended; null when the client went away.</summary>
    /// <param name="argument">What followed AUTH: the mechanism and maybe an initial response.</param>
    public async ValueTask<SmtpReply?> RunAsync(string argument)
    {
        var parts = argument.Split(' ', 2, StringSplitOptions.TrimEntries);
        var initial = parts.Length == 2 ? parts[1] : null;
        try
        {
            return parts[0].ToUpperInvariant() switch
            {
                "PLAIN" => await PlainAsync(initial).ConfigureAwait(false),
                "LOGIN" => await LoginAsync(initial).ConfigureAwait(false),
                "XOAUTH2" when options.AcceptsToken is { } accepts => await TokenAsync(initial, accepts).ConfigureAwait(false),
                _ => Replies.NoSuchMechanism,
            };
        }
        catch (FormatException)
        {
            // Not base64; "*", with which a client gives up, is among these.
            return Replies.BadAuthResponse;
        }
    }

    private async ValueTask<SmtpReply?> PlainAsync(string? initial)
    {
        if ((initial ?? await AskAsync("").ConfigureAwait(false)) is not { } response)
        {
            return null;
        }

        return Decode(response).Split('\0') is [_, var user, var password]
            ? Judge(user, password)
            : Replies.BadAuthResponse;
    }

    private async ValueTask<SmtpReply?> LoginAsync(string? initial)
    {
        if ((initial ?? await AskAsync("Username:").ConfigureAwait(false)) is not { } user ||
            await AskAsync("Password:").ConfigureAwait(false) is not { } password)
        {
            return null;
        }

        return Judge(Decode(user), Decode(password));
    }

    private async ValueTask<SmtpReply?> TokenAsync(string? initial, Func<string, string, bool> accepts)
    {
        const string User = "user=", Bearer = "auth=Bearer ";
        if (Decode(initial ?? "").Split('\u0001') is not [var user, var token, "", ""] || !user.StartsWith(User, StringComparison.Ordinal) || !token.StartsWith(Bearer, StringComparison.Ordinal))
        {
            return Replies.BadAuthResponse;
        }

        if (accepts(user[User.Length..], token[Bearer.Length..]))
        {
            this.User = user[User.Length..];
            return Replies.Authenticated;
        }

        // The reason goes out as a challenge, to which the client has nothing to say.
        return await AskAsync("""{"status":"401","schemes":"bearer"}""").ConfigureAwait(false) is null ? null : Replies.BadCredentials;
    }

    private ValueTask<string?> AskAsync(string prompt)
    {
        transport.Write($"334 {Convert.ToBase64String(Encoding.ASCII.GetBytes(prompt))}");
        return transport.ReadLineAsync();
    }

    private static string Decode(string response) =>
        response == "=" ? "" : Encoding.UTF8.GetString(Convert.FromBase64String(response));

    private SmtpReply Judge(string user, string password)
    {
        var given = new SmtpSinkCredentials(user, password);
        if (given != options.Credentials && !options.OtherCredentials.Contains(given))
        {
            return Replies.BadCredentials;
        }

        User = user;
        return Replies.Authenticated;
    }
}
