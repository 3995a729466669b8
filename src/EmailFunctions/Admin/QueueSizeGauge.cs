using System.Diagnostics.Metrics;
using EmailFunctions.Queueing;
using EmailFunctions.Telemetry;

namespace EmailFunctions.Admin;

/// <summary>The metric <c>email_queue_size</c>; a queue that can't be counted from here has no series.</summary>
internal sealed class QueueSizeGauge(IEnumerable<IQueueSize> queues, IMeterFactory meters)
    : StoredGauge(meters, "email_queue_size", "Messages on the queue, scheduled ones and those in somebody's hands included.")
{
    protected override async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken cancellationToken)
    {
        var sizes = await Task.WhenAll(queues.Select(async queue => (queue.QueueName, Count: await queue.CountAsync(cancellationToken))));
        return [.. sizes.Where(static size => size.Count.Messages is not null)
            .Select(static size => new Measurement<double>(size.Count.Messages!.Value, MetricLabels.Of(MetricLabels.Queue, size.QueueName)))];
    }
}
