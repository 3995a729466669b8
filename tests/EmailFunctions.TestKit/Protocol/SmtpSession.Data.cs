using System.Diagnostics;

namespace EmailFunctions.TestKit.Protocol;

/// <content>Receiving a message.</content>
internal sealed partial class SmtpSession
{
    private async ValueTask ReceiveAsync()
    {
        if (_envelope.Recipients.Count == 0)
        {
            Answer(Replies.BadSequence);
            return;
        }

        Answer(Replies.StartContent);
        if (Ending != SmtpEnding.None ||
            !await _transport.WaitForBytesAsync().ConfigureAwait(false) ||
            await FaultAsync(SmtpStage.DataBody).ConfigureAwait(false))
        {
            return;
        }

        _collector.Begin();
        if (await _transport.ReadContentAsync(_decoder, _collector).ConfigureAwait(false))
        {
            await EndOfDataAsync(Stopwatch.GetTimestamp()).ConfigureAwait(false);
        }
    }

    /// <summary>One piece of content (RFC 3030): its bytes follow the command at once, whatever becomes of them.</summary>
    private async ValueTask ReceiveChunkAsync(SmtpCommand command)
    {
        if (!_options.Chunking || !command.TryReadChunk(out var size, out var isLast))
        {
            Answer(_options.Chunking ? Replies.BadArgument : Replies.UnknownCommand);
            return;
        }

        if (_envelope.Recipients.Count == 0)
        {
            await SkipChunkAsync(command).ConfigureAwait(false);
            Answer(Replies.BadSequence);
            return;
        }

        if (!_inChunks)
        {
            if (size > 0 && (!await _transport.WaitForBytesAsync().ConfigureAwait(false) || await FaultAsync(SmtpStage.DataBody).ConfigureAwait(false)))
            {
                return;
            }

            _collector.Begin();
            _inChunks = true;
        }

        if (!await _transport.ReadChunkAsync(size, _collector).ConfigureAwait(false))
        {
            return;
        }

        if (isLast)
        {
            await EndOfDataAsync(Stopwatch.GetTimestamp()).ConfigureAwait(false);
            _inChunks = false;
        }
        else
        {
            Answer(Replies.Ok);
        }
    }

    // After a refusal of BDAT as well.
    private async ValueTask SkipChunkAsync(SmtpCommand command)
    {
        if (Ending == SmtpEnding.None && command.Verb == "BDAT" && command.TryReadChunk(out var size, out _))
        {
            await _transport.ReadChunkAsync(size, collector: null).ConfigureAwait(false);
        }
    }

    private async ValueTask EndOfDataAsync(long arrival)
    {
        _collector.End();
        var arrivedUtc = DateTimeOffset.UtcNow;
        var accepted = false;
        void Accept()
        {
            accepted = true;
            _state.Messages.Add(Record(arrival, arrivedUtc));
        }

        _replacement = null;
        var handled = await FaultAsync(SmtpStage.EndOfData, accept: Accept).ConfigureAwait(false);
        if (!handled)
        {
            var reply = _collector.TooLarge ? Replies.TooLarge : Replies.Accepted;
            if (!accepted && !reply.Refuses)
            {
                Accept();
            }

            Answer(reply);
        }

        _envelope.Clear();
    }

    private SmtpSinkMessage Record(long arrival, DateTimeOffset arrivedUtc) => new()
    {
        ArrivalTimestamp = arrival,
        ArrivedUtc = arrivedUtc,
        ConnectionNumber = _number,
        Chunked = _inChunks,
        Encrypted = _transport.Encrypted,
        AuthenticatedAs = _user,
        MailFrom = _envelope.Sender,
        MailParameters = _envelope.Parameters,
        Recipients = _envelope.Recipients,
        Headers = _collector.Headers,
        Size = _collector.Size,
        Content = _collector.Content,
    };
}
