using System.Globalization;

namespace EmailFunctions.TestKit.Protocol;

/// <content>The commands.</content>
internal sealed partial class SmtpSession
{
    /// <summary>The commands that need no waiting.</summary>
    private SmtpReply Simple(SmtpCommand command)
    {
        switch (command.Verb)
        {
            case "EHLO":
            case "HELO":
                return Greet(command);
            case "MAIL":
                return Mail(command);
            case "RCPT":
                return Recipient(command);
            case "RSET":
                _state.CountReset();
                _envelope.Clear();
                return Replies.Ok;
            case "NOOP":
                return Replies.Ok;
            case "QUIT":
                End();
                return Replies.Bye;
            case "VRFY":
            case "EXPN":
            case "HELP":
                return Replies.NotImplemented;
            default:
                return Replies.UnknownCommand;
        }
    }

    private SmtpReply Greet(SmtpCommand command)
    {
        if (command.Argument.Length == 0)
        {
            return Replies.BadArgument;
        }

        _greeted = true;
        _envelope.Clear();
        if (command.Verb == "HELO" || _replacement is not null)
        {
            return new(250, "", _options.HostName);
        }

        var lines = GreetingLines();
        foreach (var line in lines[..^1])
        {
            _transport.Write($"250-{line}");
        }

        return new(250, "", lines[^1]);
    }

    private List<string> GreetingLines()
    {
        List<string> lines = [_options.HostName];
        void Offer(bool on, string line)
        {
            if (on)
            {
                lines.Add(line);
            }
        }

        Offer(_options.Pipelining, "PIPELINING");
        Offer(_options.Chunking, "CHUNKING");
        Offer(_options.BinaryMime, "BINARYMIME");
        Offer(_options.EightBitMime, "8BITMIME");
        Offer(_options.SmtpUtf8, "SMTPUTF8");
        Offer(_options.EnhancedStatusCodes, "ENHANCEDSTATUSCODES");
        Offer(_options.Size, string.Create(CultureInfo.InvariantCulture, $"SIZE {_options.MaxMessageBytes}"));
        Offer(CanStartTls, "STARTTLS");
        Offer(_options.HasUsers, "AUTH" + (_options.Credentials is null ? "" : " PLAIN LOGIN") + (_options.AcceptsToken is null ? "" : " XOAUTH2"));
        return lines;
    }

    private bool CanStartTls => _options.Tls == SmtpSinkTls.StartTls && !_transport.Encrypted;

    private SmtpReply Mail(SmtpCommand command)
    {
        if (!_greeted || _envelope.HasSender)
        {
            return Replies.BadSequence;
        }

        if (_options is { HasUsers: true, RequireAuthentication: true } && _user is null)
        {
            return Replies.AuthRequired;
        }

        if (_envelope.Check(command) is { } refusal)
        {
            return refusal;
        }

        _envelope.Begin(command);
        _inChunks = false;
        _transactions++;
        return Replies.SenderOk;
    }

    private SmtpReply Recipient(SmtpCommand command)
    {
        if (!_envelope.HasSender)
        {
            return Replies.BadSequence;
        }

        if (_envelope.CheckRecipient(command) is { } refusal)
        {
            return refusal;
        }

        _envelope.AddRecipient(command);
        return Replies.RecipientOk;
    }

    private async ValueTask AuthenticateAsync(string argument)
    {
        if (!_options.HasUsers)
        {
            Answer(Replies.NotImplemented);
            return;
        }

        if (!_greeted || _user is not null || _envelope.HasSender)
        {
            Answer(Replies.BadSequence);
            return;
        }

        // A fault's 235 lets anyone in without asking for more.
        var exchange = new SaslExchange(_transport, _options);
        var outcome = _replacement is not null
            ? Replies.Authenticated
            : await exchange.RunAsync(argument).ConfigureAwait(false);
        if (outcome is not { } reply)
        {
            return;
        }

        if (!reply.Refuses)
        {
            _user = exchange.User ?? _options.Credentials?.UserName ?? "";
            _state.Connections.Authenticate(_number, _user);
        }

        Answer(reply);
    }

    private async ValueTask StartTlsAsync()
    {
        if (!CanStartTls)
        {
            Answer(Replies.BadSequence);
            return;
        }

        Answer(Replies.StartTls);
        await _transport.FlushAsync().ConfigureAwait(false);
        await _transport.StartTlsAsync(_state.Certificate!).ConfigureAwait(false);

        // RFC 3207: what was learnt in plain text is forgotten.
        _greeted = false;
        _user = null;
        _envelope.Clear();
    }
}
