using System.Net.Sockets;
using System.Security.Authentication;
using Amqp;
using Amqp.Framing;
using EmailFunctions.Storage;

namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>What conditions of AMQP (OASIS AMQP 1.0, 2.8.15 to 2.8.18) and of Service Bus, and exceptions, mean.</summary>
internal static class ServiceBusFailures
{
    private const string MessageSizeExceeded = "amqp:link:message-size-exceeded";

    public static ServiceBusException Of(Exception exception) => exception switch
    {
        ServiceBusException known => known,
        AmqpException amqp => Of(amqp.Error, amqp),
        TimeoutException or OperationCanceledException => new(ServiceBusFailure.Unreachable, "no answer in time", exception),
        AuthenticationException => new(ServiceBusFailure.Unreachable, "TLS could not be agreed on, or the certificate is not trusted", exception),
        SocketException socket => new(ServiceBusFailure.Unreachable, $"no connection ({socket.SocketErrorCode})", exception),
        _ => new(ServiceBusFailure.Unreachable, $"no connection ({exception.GetType().Name})", exception),
    };

    public static ServiceBusException Of(Error? error, Exception? inner = null)
    {
        var condition = error?.Condition?.ToString() ?? "closed without a reason";
        return new ServiceBusException(KindOf(condition), condition, inner);
    }

    /// <summary>The answer of <c>$cbs</c> to a token.</summary>
    public static ServiceBusException OfTokenStatus(int status) => status switch
    {
        401 or 403 => new(ServiceBusFailure.Unauthorized, $"the token was refused with status {status}"),
        404 => new(ServiceBusFailure.NotFound, "the token was refused with status 404"),
        _ => new(ServiceBusFailure.Unreachable, $"the token was refused with status {status}"),
    };

    /// <summary>What the caller is told.</summary>
    public static StoreUnavailableException Explain(ServiceBusException exception, string queue, bool usesKey)
    {
        var advice = exception.Failure switch
        {
            ServiceBusFailure.Unauthorized when usesKey => "the connection string's rule and key must be valid and include the right to send",
            ServiceBusFailure.Unauthorized => "the service's identity needs the role Azure Service Bus Data Sender on it",
            ServiceBusFailure.NotFound => "there is no such queue, or it is disabled",
            ServiceBusFailure.Full => "it is full; its messages must be handled first, or its quota raised",
            ServiceBusFailure.TooLarge => "a message is larger than it takes",
            ServiceBusFailure.Busy => "Service Bus is busy",
            _ => "it can't be reached",
        };
        return new StoreUnavailableException($"The queue {queue} can't be used: {advice} ({exception.Message}).", exception);
    }

    private static ServiceBusFailure KindOf(string condition) => condition switch
    {
        "com.microsoft:server-busy" => ServiceBusFailure.Busy,
        ErrorCode.UnauthorizedAccess or "com.microsoft:auth-failed" => ServiceBusFailure.Unauthorized,
        ErrorCode.NotFound or ErrorCode.ResourceDeleted or "com.microsoft:entity-disabled" => ServiceBusFailure.NotFound,
        ErrorCode.ResourceLimitExceeded => ServiceBusFailure.Full,
        MessageSizeExceeded => ServiceBusFailure.TooLarge,
        _ => ServiceBusFailure.Unreachable,
    };
}
