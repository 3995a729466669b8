namespace EmailFunctions.Load;

/// <summary>One message at the sink.</summary>
/// <param name="Timestamp">When it was complete, in Stopwatch ticks.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Id">Its X-Test-Id; empty when it had none.</param>
internal readonly record struct Arrival(long Timestamp, int Size, string Id);
