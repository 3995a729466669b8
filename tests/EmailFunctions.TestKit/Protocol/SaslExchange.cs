using System.Text;

namespace EmailFunctions.TestKit.Protocol;

/// <summary>The server's side of AUTH PLAIN (RFC 4616) and AUTH LOGIN.</summary>
internal sealed class SaslExchange(SmtpTransport transport, SmtpSinkCredentials credentials)
{
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

    private ValueTask<string?> AskAsync(string prompt)
    {
        transport.Write($"334 {Convert.ToBase64String(Encoding.ASCII.GetBytes(prompt))}");
        return transport.ReadLineAsync();
    }

    private static string Decode(string response) =>
        response == "=" ? "" : Encoding.UTF8.GetString(Convert.FromBase64String(response));

    private SmtpReply Judge(string user, string password) =>
        user == credentials.UserName && password == credentials.Password
            ? Replies.Authenticated
            : Replies.BadCredentials;
}
