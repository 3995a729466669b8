using EmailFunctions.Limits;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Simulation;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>What befalls a run.</summary>
internal enum QuotaRunKind
{
    /// <summary>Calls of the store and the queue fail.</summary>
    Faults,

    /// <summary>And processes die.</summary>
    Kills,

    /// <summary>Calls fail, and the provider refuses messages and recipients.</summary>
    Refusals,
}

/// <summary>Counts over many runs.</summary>
internal sealed class QuotaTotals
{
    private int _messages;
    private int _kills;
    private int _marks;

    public int RunsOverMonthEnd { get; private set; }

    public void Add(int messages, int kills, int marks, bool isOverMonthEnd)
    {
        lock (this)
        {
            _messages += messages;
            _kills += kills;
            _marks += marks;
            RunsOverMonthEnd += isOverMonthEnd ? 1 : 0;
        }
    }

    public override string ToString() => $"{_messages} messages, {_kills} kills, {_marks} marks, each told once; {RunsOverMonthEnd} runs used budget in two months or more";
}

/// <summary>One random run: eight processes, a quota or a budget or both, mail over eight days, of which the seventh begins a month.</summary>
internal sealed class QuotaRun
{
    // Whole and partial cents, that binary fractions can't hold.
    private const decimal CostUsd = 0.0001m;

    private static readonly TenantId Tenant = TenantId.TryParse("acme", out var tenant) ? tenant : throw new InvalidOperationException();

    private readonly int _seed;
    private readonly QuotaRunKind _kind;
    private readonly QuotaTotals _totals;
    private readonly Random _random;
    private readonly SimEngine _engine;
    private readonly MarkLog _log = new();
    private readonly LimitRules _rules;
    private readonly int _messages;
    private readonly Dictionary<string, SendResult> _answers = [];
    private int _kills;

    public QuotaRun(int seed, QuotaRunKind kind, QuotaTotals totals)
    {
        (_seed, _kind, _totals) = (seed, kind, totals);
        _random = new Random(seed);
        _messages = _random.Next(20, 50);
        var has = _random.Next(1, 4);
        // At most three recipients each: all fits into three months, and into as many days as there are messages.
        _rules = new LimitRules(
            _random.Next(3) == 0 ? _random.Next(1, 6) : 0,
            PerHour: 0,
            DailyQuota: (has & 1) != 0 ? _random.Next(3, 12) : 0,
            MonthlyBudgetUsd: (has & 2) != 0 ? CostUsd * _random.Next(_messages, 2 * _messages) : 0);
        _engine = new SimEngine(seed, new SimEngineSettings
        {
            Policy = SimPolicies.Of(_rules, CostUsd),
            Faults = new SimFaults
            {
                Before = _random.NextDouble() * 0.02,
                After = _random.NextDouble() * 0.02,
                MaxLatency = TimeSpan.FromMilliseconds(_random.Next(60)),
            },
            Log = _log,
        });
        _engine.Provider = SendAsync;
    }

    public void Run()
    {
        _engine.StartSweeper(Tenant, TimeSpan.FromMinutes(10));
        for (var worker = 0; worker < 8; worker++)
            Start();
        for (var number = 0; number < _messages; number++)
            _engine.Loop.After(Arrival(), () => _engine.Loop.Main.Start(() => _engine.AcceptAsync(Tenant, (MessagePriority)_random.Next(1, 4), recipients: _random.Next(1, 4))));

        _engine.RunUntilAll(_messages, IsDone, maxSteps: 5_000_000);

        var entries = _engine.Accepted.ConvertAll(_engine.Read);
        CheckTimes(entries);
        CheckQuota(entries);
        CheckBudget(entries);
        var marks = CheckMarks(entries);
        _totals.Add(_messages, _kills, marks, _rules.MonthlyBudgetUsd > 0 && entries.Select(static entry => Month(entry.Charge!.At)).Distinct().Count() > 1);
    }

    private void Start()
    {
        var worker = _engine.StartWorker();
        if (_kind != QuotaRunKind.Kills || _random.Next(3) == 0)
            return;
        worker.Context.Killed = () =>
        {
            _kills++;
            _engine.Loop.After(TimeSpan.FromSeconds(_random.Next(600)), Start);
        };
        worker.Context.KillAfterSteps(_random.Next(600));
    }

    // A third of it comes around a midnight, also the one that ends the month.
    private TimeSpan Arrival() => _random.Next(3) == 0
        ? TimeSpan.FromDays(_random.Next(8) + 0.5) + TimeSpan.FromSeconds(_random.Next(-20, 20))
        : TimeSpan.FromDays(8 * _random.NextDouble());

    private async Task<SendResult> SendAsync(SimContext worker, OutgoingEmail email)
    {
        await worker.Pause(TimeSpan.FromMilliseconds(_random.Next(300)));
        if (_kind != QuotaRunKind.Refusals)
            return SendResult.Sent("taken");
        // The same message fares the same each time.
        if (!_answers.TryGetValue(email.Id.Unique, out var answer))
            _answers[email.Id.Unique] = answer = Answer(email.Content.RecipientCount);
        return answer;
    }

    private SendResult Answer(int recipients) => _random.Next(4) switch
    {
        0 => SendResult.Failed(SendStatus.Permanent, ErrorCategory.Content, "no"),
        1 when recipients > 1 => SendResult.Sent("taken") with { RefusedRecipients = [_random.Next(recipients)] },
        _ => SendResult.Sent("taken"),
    };

    private bool IsDone(LedgerEntry entry) =>
        entry.IsHeld || entry.Status is MessageStatus.DeadLettered || (entry.Status == MessageStatus.Failed && _kind != QuotaRunKind.Refusals)
            ? throw Failure($"a message ended as {entry.Status}: {string.Join("; ", entry.History)}")
            : entry.Status.IsFinal();

    // What was booked on a day was sent on that day by the true clock, unless a crash came between.
    private void CheckTimes(List<LedgerEntry> entries)
    {
        var calls = _engine.History.Calls.GroupBy(static call => call.Message).ToDictionary(static group => group.Key, static group => group.ToList());
        foreach (var entry in entries)
        {
            var first = calls[entry.Id.Unique][0].At;
            if (entry.History.All(static line => line.Status != HistoryEntry.Unknown) && (Day(first) != Day(entry.Charge!.At) || calls[entry.Id.Unique].Count != 1))
                throw Failure($"{entry.Id} was booked at {entry.Charge.At:O} and sent at {first:O}, {calls[entry.Id.Unique].Count} times");
        }
    }

    private void CheckQuota(List<LedgerEntry> entries)
    {
        foreach (var day in entries.GroupBy(static entry => Day(entry.Charge!.At)))
        {
            if (_rules.DailyQuota > 0 && day.Count() > _rules.DailyQuota)
                throw Failure($"{day.Count()} messages on {day.Key} where {_rules.DailyQuota} may be");
        }
    }

    private void CheckBudget(List<LedgerEntry> entries)
    {
        foreach (var month in entries.GroupBy(static entry => Month(entry.Charge!.At)))
        {
            var cost = month.Sum(TakenCost);
            if (_rules.MonthlyBudgetUsd > 0 && cost > _rules.MonthlyBudgetUsd)
                throw Failure($"{cost} USD in {month.Key} where {_rules.MonthlyBudgetUsd} may be");
        }

        // The books say to the last part of a cent what was taken in the month that was booked last.
        var limits = _engine.Limits(Tenant)!;
        var booked = entries.Where(entry => Periods.MonthOf(entry.Charge!.At.ToUnixTimeMilliseconds()) == limits.Month.Period).Sum(TakenCost);
        if (limits.Month.Used != booked)
            throw Failure($"{limits.Month.Used} USD are booked where {booked} were taken");
    }

    private static decimal TakenCost(LedgerEntry entry) =>
        entry.Status == MessageStatus.Sent ? CostUsd * (entry.RecipientCount - entry.RefusedRecipients.Length) : 0;

    // The rows, and what was logged: once each. A process that dies between the two tells it in the row alone.
    private int CheckMarks(List<LedgerEntry> entries)
    {
        var rows = _engine.Table.Query(QuotaMark.Of(Tenant)).Entities.Select(static entity => QuotaMark.Read(Tenant, entity))
            .Select(static mark => $"{mark.Limit} {mark.Period} {mark.Percent}").Order(StringComparer.Ordinal).ToList();
        var told = rows.Select(static row => row.Split(' ')).GroupBy(static row => $"{row[0]} {row[2]}").ToDictionary(static group => group.Key, static group => group.Count());
        foreach (var (mark, count) in _log.Marks.CountBy(static mark => mark))
        {
            if (count > told.GetValueOrDefault(mark))
                throw Failure($"{mark} % was told {count} times, and there are {told.GetValueOrDefault(mark)} rows of it");
        }

        if (_kills == 0 && _log.Marks.Count != rows.Count)
            throw Failure($"{rows.Count} marks were written and {_log.Marks.Count} told");
        var expected = Expected(entries).Order(StringComparer.Ordinal).ToList();
        // What was given back later may have passed a mark before.
        if (_kind == QuotaRunKind.Refusals ? expected.Except(rows).Any() : !expected.SequenceEqual(rows))
            throw Failure($"marks are\n{string.Join('\n', rows)}\nand should be\n{string.Join('\n', expected)}");
        return rows.Count;
    }

    private IEnumerable<string> Expected(List<LedgerEntry> entries)
    {
        foreach (var day in entries.GroupBy(static entry => Day(entry.Charge!.At)))
        {
            foreach (var percent in Passed(day.Count(), _rules.DailyQuota))
                yield return $"{LimitNames.DailyQuota} {day.Key} {percent}";
        }

        foreach (var month in entries.GroupBy(static entry => Month(entry.Charge!.At)))
        {
            foreach (var percent in Passed(month.Sum(TakenCost), _rules.MonthlyBudgetUsd))
                yield return $"{LimitNames.MonthlyBudget} {month.Key} {percent}";
        }
    }

    private static IEnumerable<int> Passed(decimal used, decimal limit) =>
        new[] { 50, 80, 100 }.Where(percent => limit > 0 && used * 100 >= percent * limit);

    private static string Day(DateTimeOffset time) => $"{time.UtcDateTime:yyyyMMdd}";

    private static string Month(DateTimeOffset time) => $"{time.UtcDateTime:yyyyMM}";

    private InvalidOperationException Failure(string what) => new($"{what}. {_kind}, {_rules}, seed {_seed}.");
}
