using System.Text;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;

namespace EmailFunctions.Tests.Simulation;

public sealed class SimWorkerTests
{
    private readonly SimLoop _loop = new(seed: 1);
    private readonly SimQueue _queue;
    private readonly SimHistory _history;

    public SimWorkerTests()
    {
        _queue = new SimQueue(_loop);
        _history = new SimHistory(_loop);
    }

    [Fact]
    public void Workers_share_the_messages_and_each_is_handled_once()
    {
        Enqueue(100);
        for (var number = 0; number < 3; number++)
            StartWorker($"w{number}", handling: TimeSpan.FromSeconds(1));

        RunUntilEmpty();

        Assert.Equal(100, _history.Calls.Select(static call => call.Message).Distinct().Count());
        Assert.Equal(100, _history.Calls.Count);
        Assert.All(_history.Calls.CountBy(static call => call.Worker), static worker => Assert.InRange(worker.Value, 20, 50));
    }

    [Fact]
    public void A_worker_has_no_more_in_hand_than_it_may()
    {
        Enqueue(20);
        var worker = new SimWorker(_loop, "worker", _queue, new SimWorkerSettings { Concurrency = 3 });
        var most = 0;
        worker.Start(async (_, cancellationToken) =>
        {
            most = Math.Max(most, worker.InHand);
            await Task.Delay(TimeSpan.FromSeconds(1), worker.Clock, cancellationToken);
        });

        RunUntilEmpty();

        Assert.Equal((3, 0), (most, worker.InHand));
        Assert.Equal(TimeSpan.FromSeconds(7), _loop.Elapsed);
    }

    [Fact]
    public void A_message_whose_handling_fails_comes_back_later_and_later()
    {
        Enqueue(1);
        StartWorker("worker", () => _history.Calls.Count < 4 ? throw new StoreUnavailableException("Down.") : Task.CompletedTask);

        RunUntilEmpty();

        Assert.Equal([0, 2, 6, 14], _history.Calls.Select(static call => (call.At - SimLoop.Epoch).TotalSeconds));
    }

    [Fact]
    public void A_message_that_fails_too_often_is_dropped()
    {
        Enqueue(1);
        var worker = StartWorker("worker", static () => throw new StoreUnavailableException("Down."), new SimWorkerSettings { MaxDeliveries = 3 });

        RunUntilEmpty();

        Assert.Equal((3, 1), (_history.Calls.Count, worker.Dropped));
    }

    [Fact]
    public void An_assertion_that_fails_in_a_worker_fails_the_run()
    {
        Enqueue(1);
        StartWorker("worker", static () =>
        {
            Assert.Fail("Wrong.");
            return Task.CompletedTask;
        });

        Assert.Contains("Wrong.", Assert.Throws<SimFailure>(RunUntilEmpty).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_killed_worker_had_in_hand_goes_to_another_when_its_lease_ends()
    {
        Enqueue(1);
        var doomed = StartWorker("doomed", handling: TimeSpan.FromHours(1));
        _loop.RunFor(TimeSpan.FromSeconds(10));

        doomed.Kill();
        StartWorker("heir");
        RunUntilEmpty();

        Assert.Equal(["doomed", "heir"], _history.Calls.Select(static call => call.Worker));
        Assert.Equal(TimeSpan.FromSeconds(60), _loop.Elapsed);
    }

    [Fact]
    public void A_worker_that_crashes_within_a_message_does_no_more()
    {
        Enqueue(1);
        var worker = new SimWorker(_loop, "worker", _queue);
        var returned = false;
        worker.Start(async (_, _) =>
        {
            await worker.CrashAsync();
            returned = true;
        });

        _loop.RunFor(TimeSpan.FromSeconds(30));

        Assert.Equal((false, true, 1), (returned, worker.Context.IsKilled, _queue.Count));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public void A_slow_message_is_delivered_again_unless_its_lease_is_renewed(bool renews, int calls)
    {
        Enqueue(1);
        StartWorker("worker", handling: TimeSpan.FromSeconds(100), new SimWorkerSettings { RenewsLeases = renews });

        _loop.RunFor(TimeSpan.FromSeconds(110));

        Assert.Equal(calls, _history.Calls.Count);
    }

    [Fact]
    public void A_message_whose_completion_fails_is_handled_again()
    {
        Enqueue(1);
        var faults = new SimFaults { Before = 1 };
        StartWorker("worker", settings: new SimWorkerSettings { Faults = faults });
        _loop.RunUntil(() => _history.Calls.Count == 2);
        faults.Before = 0;

        RunUntilEmpty();

        Assert.Equal([0, 60], _history.Calls.Select(static call => (call.At - SimLoop.Epoch).TotalSeconds));
    }

    private SimWorker StartWorker(string name, TimeSpan handling, SimWorkerSettings? settings = null)
    {
        var worker = new SimWorker(_loop, name, _queue, settings);
        return Start(worker, () => Task.Delay(handling, worker.Clock));
    }

    private SimWorker StartWorker(string name, Func<Task>? handle = null, SimWorkerSettings? settings = null) =>
        Start(new SimWorker(_loop, name, _queue, settings), handle ?? (static () => Task.CompletedTask));

    private SimWorker Start(SimWorker worker, Func<Task> handle)
    {
        worker.Start((body, _) =>
        {
            _history.Record(Encoding.UTF8.GetString(body.Span), worker.Context);
            return handle();
        });
        return worker;
    }

    private void Enqueue(int count) =>
        _loop.Run(() => _queue.EnqueueAsync([.. Enumerable.Range(0, count).Select(static number => new QueueMessage(Encoding.UTF8.GetBytes($"m{number}")))], CancellationToken.None));

    private void RunUntilEmpty() => _loop.RunUntil(() => _queue.Count == 0);
}
