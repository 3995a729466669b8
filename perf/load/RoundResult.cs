namespace EmailFunctions.Load;

/// <summary>The numbers of one half of a round.</summary>
internal sealed record RoundResult
{
    /// <summary>Messages a second, from the start of the first to the arrival of the last at the sink.</summary>
    public required double Rate { get; init; }

    /// <summary>Mean size at the sink in bytes.</summary>
    public required double MeanSize { get; init; }

    /// <summary>Connections opened at the sink during the round.</summary>
    public required int Opened { get; init; }

    /// <summary>CPU milliseconds a message: of the sender (this tool, or the service).</summary>
    public required double SenderCpu { get; init; }

    /// <summary>CPU milliseconds a message: of the sink.</summary>
    public required double SinkCpu { get; init; }

    /// <summary>Milliseconds from sending a request to its answer; empty for raw.</summary>
    public double[] Accept { get; init; } = [];

    /// <summary>
    /// Milliseconds from the client's seeing the 202 to the arrival at the sink; below zero when the message was
    /// faster than the answer. Empty for raw.
    /// </summary>
    public double[] Deliver { get; init; } = [];
}
