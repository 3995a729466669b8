using EmailFunctions.Storage;

namespace EmailFunctions.Queueing.ServiceBus;

/// <summary>Why the queue can't be used: what an operator would look at first.</summary>
public enum ServiceBusFailure
{
    /// <summary>No connection, no answer in time, or an error of the service itself.</summary>
    Unreachable,

    /// <summary>The service asks for less traffic.</summary>
    Busy,

    /// <summary>No token, or one that does not allow sending to this queue.</summary>
    Unauthorized,

    /// <summary>There is no such queue, or it is disabled.</summary>
    NotFound,

    /// <summary>The queue's quota is used up.</summary>
    Full,

    /// <summary>A message is larger than the queue takes.</summary>
    TooLarge,
}

/// <summary>The inner exception of a <see cref="StoreUnavailableException"/> of this queue, which says why.</summary>
public sealed class ServiceBusException(ServiceBusFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    public ServiceBusFailure Failure { get; } = failure;
}
