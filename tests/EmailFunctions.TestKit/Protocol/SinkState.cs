using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;

namespace EmailFunctions.TestKit.Protocol;

/// <summary>What all connections of one sink share.</summary>
internal sealed class SinkState(SmtpSinkOptions options, X509Certificate2? certificate)
{
    private readonly int[] _occurrences = new int[Enum.GetValues<SmtpStage>().Length];
    private int _resets;

    public SmtpSinkOptions Options { get; } = options;

    public X509Certificate2? Certificate { get; } = certificate;

    public HeaderNames HeaderNames { get; } = new(options.CaptureHeaders);

    public MessageLog Messages { get; } = new();

    public ConnectionTable Connections { get; } = new();

    /// <summary>Errors of the sink or of a fault script, which no client may hide.</summary>
    public ConcurrentQueue<Exception> Errors { get; } = new();

    public Func<SmtpFaultContext, SmtpFault?>? Fault
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    } = options.Fault;

    public int MaxConnections
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    } = options.MaxConnections;

    public int Resets => Volatile.Read(ref _resets);

    public void CountReset() => Interlocked.Increment(ref _resets);

    public int NextOccurrence(SmtpStage stage) => Interlocked.Increment(ref _occurrences[(int)stage]);

    public void Clear()
    {
        Messages.Clear();
        Connections.ClearCounts();
        Volatile.Write(ref _resets, 0);
    }
}
