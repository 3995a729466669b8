namespace EmailFunctions.TestKit.Protocol;

/// <summary>The SMTP dialogue on one connection.</summary>
internal sealed partial class SmtpSession
{
    private readonly SinkState _state;
    private readonly SmtpSinkOptions _options;
    private readonly SmtpTransport _transport;
    private readonly int _number;
    private readonly FaultGate _gate;
    private readonly Envelope _envelope;
    private readonly MessageCollector _collector;
    private readonly DotDecoder _decoder = new();
    private string? _user;
    private bool _greeted;
    private int _transactions;
    private bool _inChunks;

    /// <summary>A fault's positive reply, to be used in place of the usual one.</summary>
    private string? _replacement;

    public SmtpSession(SinkState state, SmtpTransport transport, int number, CancellationToken cancellation)
    {
        _state = state;
        _options = state.Options;
        _transport = transport;
        _number = number;
        _gate = new FaultGate(state, transport, number, cancellation);
        _envelope = new Envelope(_options);
        _collector = new MessageCollector(_options, state.HeaderNames);
    }

    /// <summary>How the connection is to be closed after <see cref="RunAsync"/>.</summary>
    public SmtpEnding Ending { get; private set; }

    /// <summary>Whether the last thing said was a reply that the client should still be able to read.</summary>
    public bool EndsWithReply { get; private set; }

    public async Task RunAsync()
    {
        if (await FaultAsync(SmtpStage.Connect).ConfigureAwait(false))
        {
            return;
        }

        if (!_state.Connections.TryAdmit(_number, _state.MaxConnections))
        {
            Answer(Replies.TooManyConnections);
            End();
            return;
        }

        Answer(new(220, "", $"{_options.HostName} ESMTP sink"));
        try
        {
            while (Ending == SmtpEnding.None && await _transport.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                await HandleAsync(SmtpCommand.Parse(line)).ConfigureAwait(false);
            }
        }
        catch (InvalidDataException)
        {
            Answer(Replies.LineTooLong);
            End();
        }
    }

    private async ValueTask HandleAsync(SmtpCommand command)
    {
        _replacement = null;
        if (command.Stage is { } stage && await FaultAsync(stage, command.Line).ConfigureAwait(false))
        {
            await SkipChunkAsync(command).ConfigureAwait(false);
            return;
        }

        switch (command.Verb)
        {
            case "BDAT":
                await ReceiveChunkAsync(command).ConfigureAwait(false);
                break;
            case "AUTH":
                await AuthenticateAsync(command.Argument).ConfigureAwait(false);
                break;
            case "DATA":
                await ReceiveAsync().ConfigureAwait(false);
                break;
            case "STARTTLS":
                await StartTlsAsync().ConfigureAwait(false);
                break;
            default:
                Answer(Simple(command));
                break;
        }
    }

    /// <summary>Applies the fault script; true when it has dealt with the stage itself.</summary>
    private async ValueTask<bool> FaultAsync(SmtpStage stage, string command = "", Action? accept = null)
    {
        var headers = stage == SmtpStage.EndOfData ? _collector.Headers : [];
        var fault = await _gate.PassAsync(stage, command, _envelope, _transactions, headers, accept).ConfigureAwait(false);
        if (fault is null)
        {
            return false;
        }

        Ending = fault.Ending;
        if (!fault.Refuses)
        {
            _replacement = fault.ReplyText;
            EndsWithReply = _replacement is not null;
            return Ending != SmtpEnding.None && _replacement is null;
        }

        _transport.Write(fault.ReplyText!);
        if (stage is SmtpStage.Connect or SmtpStage.DataBody || fault.ReplyText!.StartsWith("421", StringComparison.Ordinal))
        {
            Ending = SmtpEnding.Close;
        }

        EndsWithReply = true;
        return true;
    }

    private void Answer(SmtpReply reply)
    {
        var replaced = reply.Refuses ? null : _replacement;
        _transport.Write(replaced ?? reply.ToLine(_options.EnhancedStatusCodes));
        _replacement = null;
    }

    /// <summary>Ends the dialogue after the reply just given.</summary>
    private void End()
    {
        Ending = SmtpEnding.Close;
        EndsWithReply = true;
    }
}
