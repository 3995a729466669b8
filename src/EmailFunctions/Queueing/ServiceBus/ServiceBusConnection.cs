using System.Net.Security;
using System.Security.Authentication;
using Amqp;
using Amqp.Sasl;

namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>
/// A connection with its session and, for Service Bus, its links to <c>$cbs</c>. Renews the queue's token as long as it lives.
/// </summary>
internal sealed partial class ServiceBusConnection : IAsyncDisposable
{
    // A peer that says nothing for so long is gone. Service Bus and other brokers send empty frames in time.
    private const int SilenceMilliseconds = 60_000;

    private readonly Connection _connection;
    private readonly SocketWatch _socket;
    private readonly Session _session;
    private readonly TokenLink? _tokenLink;
    private readonly ServiceBusTokens _tokens;
    private readonly ServiceBusClock _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _life = new();
    private DateTimeOffset _goodUntil = DateTimeOffset.MaxValue;
    private Task _renewing = Task.CompletedTask;

    private ServiceBusConnection(
        Connection connection, SocketWatch socket, Session session, TokenLink? tokenLink, ServiceBusTokens tokens, ServiceBusClock clock, ILogger logger)
    {
        _connection = connection;
        _socket = socket;
        _session = session;
        _tokenLink = tokenLink;
        _tokens = tokens;
        _clock = clock;
        _logger = logger;
    }

    public bool IsOpen => !_life.IsCancellationRequested && _connection.ConnectionState == ConnectionState.Opened && _session.SessionState == SessionState.Opened;

    public static async Task<ServiceBusConnection> OpenAsync(
        ServiceBusOptions options, ServiceBusTokens tokens, ServiceBusClock clock, RemoteCertificateValidationCallback? certificates, ILogger logger,
        CancellationToken cancellationToken)
    {
        var socket = new SocketWatch();
        try
        {
            var connection = await Factory(options, certificates).CreateAsync(AddressOf(options), cancellationToken, socket).WaitAsync(cancellationToken);
            var session = new Session(connection);
            var tokenLink = options.IsServiceBus ? await TokenLink.OpenAsync(session, cancellationToken) : null;
            var opened = new ServiceBusConnection(connection, socket, session, tokenLink, tokens, clock, logger);
            if (tokenLink is not null)
            {
                await opened.PutTokenAsync(cancellationToken);
                opened._renewing = opened.RenewAsync();
            }

            return opened;
        }
        catch
        {
            socket.Close();
            throw;
        }
    }

    /// <summary>Opens a link to the queue. Without a good token it would be refused, so one that ended is replaced first.</summary>
    public async Task<AmqpSender> OpenSenderAsync(string queue, CancellationToken cancellationToken)
    {
        if (_goodUntil <= _clock.Now)
            await PutTokenAsync(cancellationToken);
        return await AmqpSender.OpenAsync(_session, queue, cancellationToken);
    }

    /// <summary>Ends the connection without waiting for the other side.</summary>
    public void Abort()
    {
        _life.Cancel();
        _socket.Close();
    }

    /// <summary>Says good-bye, and waits a little for the other side's.</summary>
    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        try
        {
            await _connection.CloseAsync(_clock.Times.Closing, error: null);
        }
        catch (Exception exception) when (exception is AmqpException or TimeoutException or ObjectDisposedException)
        {
            // Gone, one way or the other.
        }

        _socket.Close();
        await _renewing;
        _life.Dispose();
    }

    private static ConnectionFactory Factory(ServiceBusOptions options, RemoteCertificateValidationCallback? certificates)
    {
        var factory = new ConnectionFactory();
        factory.AMQP.IdleTimeout = SilenceMilliseconds;
        factory.AMQP.ContainerId = $"emailfunctions-{Guid.NewGuid():N}";
        // Small frames, and each waits for the answer to the one before.
        factory.TCP.NoDelay = true;
        if (options.Login is null)
            factory.SASL.Profile = SaslProfile.Anonymous;
        if (options.UseTls)
        {
            // The system's choice; the library's own would allow TLS 1.0.
            factory.SSL.Protocols = SslProtocols.None;
            factory.SSL.RemoteCertificateValidationCallback = certificates;
        }

        return factory;
    }

    private static Address AddressOf(ServiceBusOptions options) =>
        new(options.Host, options.Port, options.Login?.User, options.Login?.Password, "/", options.UseTls ? "amqps" : "amqp");

    private async Task PutTokenAsync(CancellationToken cancellationToken)
    {
        var token = await _tokens.GetAsync(cancellationToken);
        await _tokenLink!.PutAsync(token, _tokens.Audience, cancellationToken);
        _goodUntil = token.ExpiresAt;
    }

    private async Task RenewAsync()
    {
        try
        {
            while (IsOpen)
            {
                await _clock.DelayAsync(_clock.UntilRenewal(_goodUntil), _life.Token);
                await TryRenewAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The connection is at its end.
        }
    }

    // A failure is tried again in a while. If the token ends first, the link does, and whoever sends then opens another.
    private async Task TryRenewAsync()
    {
        try
        {
            using var limit = _clock.Limit(_clock.Times.Opening, _life.Token);
            await PutTokenAsync(limit.Token);
        }
        catch (Exception exception) when (!_life.IsCancellationRequested)
        {
            RenewalFailed(_logger, ServiceBusFailures.Of(exception).Message);
        }
    }

    [LoggerMessage(EventId = 520, Level = LogLevel.Warning, Message = "The token for Service Bus was not renewed ({Reason}); trying again.")]
    private static partial void RenewalFailed(ILogger logger, string reason);
}
