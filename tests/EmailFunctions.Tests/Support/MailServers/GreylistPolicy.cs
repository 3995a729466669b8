using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace EmailFunctions.Tests.Support;

/// <summary>A policy service for Postfix (its SMTPD_POLICY_README) that puts off each recipient once.</summary>
internal sealed class GreylistPolicy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly ConcurrentDictionary<string, bool> _seen = new(StringComparer.OrdinalIgnoreCase);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _serving;

    private GreylistPolicy(TcpListener listener)
    {
        _listener = listener;
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _serving = ServeAsync();
    }

    public int Port { get; }

    public static GreylistPolicy Start()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new GreylistPolicy(listener);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        var clients = new List<Task>();
        try
        {
            while (true)
                clients.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(clients);
        }
    }

    // A request is lines of name=value up to an empty one.
    private async Task AnswerAsync(TcpClient client)
    {
        try
        {
            using (client)
            await using (var stream = client.GetStream())
            using (var reader = new StreamReader(stream))
            {
                var recipient = "";
                while (await reader.ReadLineAsync(_stopping.Token) is { } line)
                {
                    if (line.StartsWith("recipient=", StringComparison.Ordinal))
                        recipient = line;
                    if (line.Length == 0)
                        await stream.WriteAsync(_seen.TryAdd(recipient, true) ? "action=450 4.2.0 greylisted\n\n"u8.ToArray() : "action=DUNNO\n\n"u8.ToArray(), _stopping.Token);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // Postfix goes away when it likes, and so do we.
        }
    }
}
