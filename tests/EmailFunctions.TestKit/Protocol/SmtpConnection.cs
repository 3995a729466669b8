using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace EmailFunctions.TestKit.Protocol;

/// <summary>One accepted socket from its first byte to its closing.</summary>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "Break may come at any time, also after the end; a source without a timer holds nothing to free.")]
internal sealed class SmtpConnection(SinkState state, Socket socket, int number)
{
    /// <summary>How long a client may take to read the last reply and close its side.</summary>
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _broken = new();

    public int Number => number;

    public int ClientPort { get; } = ((IPEndPoint)socket.RemoteEndPoint!).Port;

    public async Task RunAsync()
    {
        try
        {
            await ServeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (IsClientsOrOurClosing(error))
        {
            // A connection may end at any time, by the client or by a fault; tests see the counts.
        }
        catch (Exception error)
        {
            state.Errors.Enqueue(error);
        }
        finally
        {
            socket.Dispose();
            state.Connections.Remove(this);
        }
    }

    /// <summary>Breaks the connection (RST) at once, whatever it is doing.</summary>
    public void Break()
    {
        // In this order: cancelling first would let the connection's own code close it in the orderly way.
        socket.Close(timeout: 0);
        _broken.Cancel();
    }

    private static bool IsClientsOrOurClosing(Exception error) =>
        error is IOException or SocketException or ObjectDisposedException or OperationCanceledException
            or AuthenticationException;

    private async Task ServeAsync()
    {
        await using var transport = new SmtpTransport(socket, _broken.Token);
        if (state.Options.Tls == SmtpSinkTls.Implicit)
        {
            await transport.StartTlsAsync(state.Certificate!).ConfigureAwait(false);
        }

        var session = new SmtpSession(state, transport, number, _broken.Token);
        await session.RunAsync().ConfigureAwait(false);

        if (session.Ending == SmtpEnding.Break)
        {
            socket.Close(timeout: 0);
            return;
        }

        await transport.FlushAsync().ConfigureAwait(false);
        socket.Shutdown(SocketShutdown.Send);
        if (session.EndsWithReply)
        {
            await LingerAsync(transport).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Closing with unread bytes sends a reset, which can destroy the last reply before the client has read it;
    /// so the rest is read first.
    /// </summary>
    private async Task LingerAsync(SmtpTransport transport)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_broken.Token);
        limit.CancelAfter(LingerTime);
        await transport.DrainAsync(limit.Token).ConfigureAwait(false);
    }
}
