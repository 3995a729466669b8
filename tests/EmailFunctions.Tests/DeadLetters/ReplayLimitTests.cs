using EmailFunctions.DeadLetters;
using EmailFunctions.Delivery;
using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Payloads;
using EmailFunctions.Spooling;
using EmailFunctions.Storage;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Delivery.Engine;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace EmailFunctions.Tests.DeadLetters;

/// <summary>Replays on the simulated engine: what was dead keeps its tenant's limits like all other mail.</summary>
public sealed class ReplayLimitTests(ITestOutputHelper output)
{
    private const int Letters = 500;
    private const int PerMinute = 60;

    private static readonly TenantId Tenant = DeliveryBench.Tenant;

    [Fact]
    public void Five_hundred_dead_letters_replayed_by_filter_keep_the_limit_and_none_is_sent_twice()
    {
        output.WriteLine($"PROOF_SEED={Proof.Seed}");
        var engine = StartEngine();
        var replayed = 0;
        // Two admins ask for the same at once, a part at a time.
        for (var admin = 0; admin < 2; admin++)
            engine.Loop.Main.Start(ReplayAsync);

        engine.Loop.RunUntil(() => AllSent(engine), maxSteps: 5_000_000);

        Assert.Equal(Letters, replayed);
        Assert.Equal(Letters, engine.History.Calls.Count);
        Assert.Equal(Letters, engine.History.Calls.Select(static call => call.Message).Distinct().Count());
        var times = engine.History.Times();
        Assert.InRange(SimHistory.MaxInAnyWindow(times, TimeSpan.FromMinutes(1)), 1, PerMinute);
        // Eight whole windows and a part: the limit is used, not only kept.
        Assert.InRange(times[^1] - times[0], TimeSpan.FromMinutes(8), TimeSpan.FromMinutes(9.5));

        async Task ReplayAsync()
        {
            var part = await ReplayAllAsync(engine);
            replayed += part;
        }
    }

    [Fact]
    public void Replayed_letters_stand_behind_those_that_wait()
    {
        var engine = StartEngine();
        var waiting = new List<MessageId>();
        engine.Loop.Main.Start(async () =>
        {
            for (var number = 0; number < PerMinute + 20; number++)
                waiting.Add(await engine.AcceptAsync(Tenant));
            await engine.Loop.Main.Pause(TimeSpan.FromSeconds(10));
            await ReplayAllAsync(engine);
        });

        engine.Loop.RunUntil(() => engine.History.Calls.Count >= 200, maxSteps: 5_000_000);
        var letters = engine.History.Times(static call => call.Message[0] == 'd');
        var mail = engine.History.Times(static call => call.Message[0] != 'd');
        Assert.Equal(waiting.Count, mail.Count);
        // Within a burst it is chance who reaches the provider first.
        Assert.True(mail[^1] <= letters[0] + TimeSpan.FromSeconds(3), $"The last waiting one was sent at {mail[^1]:T}, the first letter at {letters[0]:T} (PROOF_SEED={Proof.Seed}).");
    }

    private static SimEngine StartEngine()
    {
        var engine = new SimEngine(Proof.Seed, new SimEngineSettings
        {
            Policy = SimPolicies.Of(new LimitRules(PerMinute, 0, 0, 0)),
            Duplicates = 0.05,
            Faults = new SimFaults { MaxLatency = TimeSpan.FromMilliseconds(20) },
        });
        engine.StartSweeper(Tenant, TimeSpan.FromSeconds(60));
        for (var worker = 0; worker < 3; worker++)
            engine.StartWorker();
        for (var number = 0; number < Letters; number++)
            engine.Table.Write([.. Ledger.Enter(NewLetter(number))]);
        return engine;
    }

    private static LedgerEntry NewLetter(int number)
    {
        var died = SimLoop.Epoch - TimeSpan.FromDays(4) + TimeSpan.FromSeconds(number);
        var content = new EmailContent { To = ["a@example.com"], Subject = "s", Text = "t", FromEmail = "a@example.com" };
        return new LedgerEntry
        {
            Id = new MessageId(Tenant, "d" + number.ToString("x31", System.Globalization.CultureInfo.InvariantCulture)),
            Status = MessageStatus.DeadLettered,
            CreatedAt = died - TimeSpan.FromHours(5),
            ArrivedAt = died - TimeSpan.FromHours(5),
            UpdatedAt = died,
            RecipientCount = 1,
            Attempts = 8,
            Failures = 8,
            ErrorCategory = "network",
            Payload = ContentCodec.Encode(content).ToArray(),
            History = [new HistoryEntry("queued", died - TimeSpan.FromHours(5)), new HistoryEntry("dead_lettered", died)],
        };
    }

    private static async Task<int> ReplayAllAsync(SimEngine engine)
    {
        var actions = NewActions(engine);
        var filter = new DeadLetterFilter(Tenant, "network", Provider: null, From: null, To: null);
        var (total, cursor) = (0, (DeadLetterCursor?)null);
        do
        {
            (var replayed, cursor) = await actions.ReplayAsync(filter, cursor, limit: 60, CancellationToken.None);
            total += replayed;
        }
        while (cursor is not null);
        return total;
    }

    // The parts of a process of its own, put together as the service does.
    private static DeadLetterActions NewActions(SimEngine engine)
    {
        IEntityTable table = engine.ClientTable;
        var ledger = new Ledger(table);
        return new DeadLetterActions(
            new DeadLetterReader(ledger, new TenantDirectory(table, TimeProvider.System)),
            ledger,
            new MessagePayloads(new NoPayloads(), keys: null!, Spools.InTemporaryFolder()),
            parked: null!,
            new DispatchQueue(engine.Queue, outbox: null!, new SimClock(engine.Loop.Main)),
            new SimClock(engine.Loop.Main),
            NullLogger<DeadLetterActions>.Instance);
    }

    private static bool AllSent(SimEngine engine) =>
        engine.History.Calls.Count >= Letters
        && Enumerable.Range(0, Letters).All(number => engine.Read(NewLetter(number).Id).Status == MessageStatus.Sent);

    private sealed class NoPayloads : IPayloadStore
    {
        public Task PutAsync(PayloadName name, Stream content, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<Stream?> OpenAsync(PayloadName name, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task DeleteAsync(PayloadName name, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<PayloadName> ListAsync(DateTimeOffset before, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
