namespace EmailFunctions.Tests.Support;

/// <summary>A broker that speaks AMQP 1.0 and that this project did not write.</summary>
public interface IRealBroker : IAsyncDisposable
{
    /// <summary>The port on 127.0.0.1; the same after a restart.</summary>
    int Port { get; }

    /// <summary>User and password, with a colon between; empty for anonymous.</summary>
    string Login { get; }

    /// <summary>Whether messages outlive a restart.</summary>
    bool IsDurable { get; }

    /// <summary>Makes a queue, which is durable if the broker has such.</summary>
    Task CreateQueueAsync(string queue);

    /// <summary>The address of a queue.</summary>
    string NodeOf(string queue);

    /// <summary>Starts it, again after a stop with what it kept.</summary>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Stops it in good order.</summary>
    Task StopAsync();
}
