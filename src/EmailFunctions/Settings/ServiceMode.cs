namespace EmailFunctions.Settings;

/// <summary>Where the service runs.</summary>
internal enum ServiceMode
{
    /// <summary>On a desk, with all its parts in one process.</summary>
    Local,

    /// <summary>Under the Functions host, with Azure's services or what stands in for them.</summary>
    Azure,
}

/// <summary>What carries references and producers' messages.</summary>
internal enum QueueKind
{
    Embedded,
    StorageQueue,
    ServiceBus,
}
