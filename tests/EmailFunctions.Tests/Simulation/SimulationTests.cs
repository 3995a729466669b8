using System.Text;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Simulation;

/// <summary>All parts together: workers that count messages in one row, while calls fail, messages come twice and workers die.</summary>
public sealed class SimulationTests
{
    private const int Messages = 100;

    [Fact]
    public void A_seed_brings_its_run_back()
    {
        var runs = Enumerable.Range(0, 5).Select(static seed => new Counting(seed).Run()).ToList();

        Assert.Equal(runs, Enumerable.Range(0, 5).Select(static seed => new Counting(seed).Run()));
        Assert.Equal(5, runs.Distinct().Count());
    }

    /// <summary>Each message is counted exactly once: a row of its own goes into the same batch.</summary>
    private sealed class Counting
    {
        private readonly SimLoop _loop;
        private readonly SimQueue _queue;
        private readonly SimHistory _history;
        private readonly MemoryTable _table = new(isStrict: false);
        private readonly SimFaults _faults = new() { Before = 0.01, After = 0.01, MaxLatency = TimeSpan.FromMilliseconds(4) };
        private int _workers;

        public Counting(int seed)
        {
            _loop = new SimLoop(seed);
            _queue = new SimQueue(_loop) { Duplicates = 0.1 };
            _history = new SimHistory(_loop);
        }

        public string Run()
        {
            _table.Write([EntityWrite.Insert(Counter(0))]);
            for (var number = 0; number < Messages; number++)
            {
                var message = new QueueMessage(Encoding.UTF8.GetBytes($"m{number}"), _loop.UtcNow.AddMilliseconds(_loop.Random.Next(2_000)));
                _loop.Run(() => _queue.EnqueueAsync([message], CancellationToken.None));
            }

            for (var number = 0; number < 3; number++)
                StartWorker();
            _loop.RunUntil(() => _queue.Count == 0, maxSteps: 100_000);

            Assert.Equal(Messages, _table.Get(Counter(0).Key)!.GetInt64("count"));
            Assert.True(_history.Calls.Count > Messages);
            Assert.True(_workers > 3);
            return $"{_loop.Steps} {_loop.Digest} {_loop.Elapsed} {string.Join(' ', _history.Calls)}";
        }

        private static Entity Counter(long count) => new("p", "counter") { ["count"] = count };

        private void StartWorker()
        {
            var worker = new SimWorker(_loop, $"w{_workers++}", _queue, new SimWorkerSettings { Concurrency = 4, Faults = _faults });
            var table = new SimTable(worker.Context, _table, _faults);
            worker.Start((body, _) => CountAsync(worker, table, Encoding.UTF8.GetString(body.Span)));
            worker.Context.Killed = StartWorker;
            if (_workers < 6)
                worker.Context.KillAfterSteps(_loop.Random.Next(300));
        }

        private async Task CountAsync(SimWorker worker, SimTable table, string message)
        {
            _history.Record(message, worker.Context);
            while (true)
            {
                var counter = (await table.GetAsync(Counter(0).Key, CancellationToken.None))!;
                EntityWrite[] writes =
                [
                    EntityWrite.Insert(new Entity("p", message)),
                    EntityWrite.Replace(Counter(counter.GetInt64("count")!.Value + 1), counter.ETag),
                ];
                var result = await table.WriteAsync(writes, CancellationToken.None);
                if (result.Status != WriteStatus.Stale)
                    return;
            }
        }
    }
}
