using System.Diagnostics.Metrics;
using EmailFunctions.Queueing;
using EmailFunctions.Telemetry;

namespace EmailFunctions.Admin;

/// <summary>The metric <c>email_queue_due</c>: of <c>email_queue_size</c> what is to be done now, and so tells a queue that stands still from mail that has time.</summary>
internal sealed class QueueDueGauge(IEnumerable<IQueueSize> queues, IMeterFactory meters)
    : StoredGauge(meters, "email_queue_due", "Messages on the queue whose time has come.")
{
    protected override async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken cancellationToken)
    {
        var counts = await Task.WhenAll(queues.Select(async queue => (queue.QueueName, Due: await queue.CountDueAsync(cancellationToken))));
        return [.. counts.Where(static count => count.Due is not null)
            .Select(static count => new Measurement<double>(count.Due!.Value, MetricLabels.Of(MetricLabels.Queue, count.QueueName)))];
    }
}
