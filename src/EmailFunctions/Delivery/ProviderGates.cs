using System.Collections.Concurrent;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using Polly;
using Polly.CircuitBreaker;

namespace EmailFunctions.Delivery;

/// <summary>
/// Stands between a tenant's mail and its providers, in this process. A provider that fails again and again is left alone for a
/// while, and then asked with one message, or, where another one sends meanwhile, by a probe first; one that says "too much" is left alone
/// for as long as it asks. Where nobody else sends, who comes meanwhile is put off before it is claimed, so that no attempt is used up.
/// </summary>
public sealed class ProviderGates(TimeProvider time)
{
    // A gate that is gone opens anew: it costs a few attempts.
    private const int MaxGates = 10_000;

    private readonly ConcurrentDictionary<(TenantId Tenant, int Place), Gate> _gates = new();

    /// <summary>Until when nobody is to be called; null: somebody may be.</summary>
    /// <param name="tenant">Whose mail it sends.</param>
    /// <param name="route">Whom the tenant sends through now, in order: a changed one begins anew.</param>
    public DateTimeOffset? StoppedUntil(TenantId tenant, IReadOnlyList<ProviderSettings> route)
    {
        if (route.Count == 1)
            return GateOf(tenant, route, 0).Enter();
        DateTimeOffset? first = null;
        for (var place = 0; place < route.Count; place++)
        {
            var gate = GateOf(tenant, route, place);
            if (gate.Until() is not { } until)
                return null;
            first = first < until ? first : until;
            // Too much mail is no reason to go elsewhere.
            if (gate.IsPaused)
                break;
        }

        return first;
    }

    /// <summary>The first provider's state as words for a client: <c>closed</c>, <c>open</c> or <c>half_open</c>, and until when it is left alone.</summary>
    public (string State, DateTimeOffset? Until) StateOf(TenantId tenant, IReadOnlyList<ProviderSettings> route) => GateOf(tenant, route, 0).State();

    /// <summary>The providers that are left alone now, or were until the next call finds out whether they are back; in no order.</summary>
    public IEnumerable<StoppedProvider> ListStopped() =>
        from pair in _gates
        let state = pair.Value.State()
        where state.State != "closed" || state.Until is not null
        select new StoppedProvider(pair.Key.Tenant, pair.Key.Place, pair.Value.Provider, state.State == "closed" ? "paused" : state.State, state.Until);

    /// <summary>
    /// Finds who is to be called, where there is more than one. A provider whose break is over is probed: it need not be the message that
    /// finds out whether it is back.
    /// </summary>
    /// <param name="tenant">Whose mail it sends.</param>
    /// <param name="route">Its providers.</param>
    /// <param name="from">The first that may be called.</param>
    /// <param name="end">Behind the last that may be called.</param>
    /// <param name="probe">Asks the provider at a place whether it would take mail; null: it would.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The place of who is called, the end for nobody; and why it is not the first one, null where it is.</returns>
    internal async Task<(int Place, SendResult? Stopped)> FindAsync(
        TenantId tenant, IReadOnlyList<ProviderSettings> route, int from, int end, Func<int, CancellationToken, Task<SendResult?>> probe, CancellationToken cancellationToken)
    {
        DateTimeOffset? first = null;
        var place = from;
        for (; place < end && route.Count > 1; place++)
        {
            var gate = GateOf(tenant, route, place);
            var here = place;
            if ((gate.Enter() ?? await gate.ProbeAsync(token => probe(here, token), cancellationToken)) is not { } until)
                break;
            first = first < until ? first : until;
            // Too much mail is no reason to go elsewhere.
            if (gate.IsPaused)
                place = end;
        }

        return (place, first is { } back ? Gate.LeftAlone(back - time.GetUtcNow()) : null);
    }

    /// <summary>Calls the provider, unless it is to be left alone: that is <see cref="SendStatus.Postponed"/>, with the time to wait.</summary>
    internal Task<SendResult> CallAsync(
        TenantId tenant, IReadOnlyList<ProviderSettings> route, int place, Func<CancellationToken, Task<SendResult>> call, CancellationToken cancellationToken) =>
        GateOf(tenant, route, place).CallAsync(call, cancellationToken);

    private Gate GateOf(TenantId tenant, IReadOnlyList<ProviderSettings> route, int place)
    {
        if (_gates.Count > MaxGates)
            _gates.Clear();
        var (provider, isOneOfSeveral) = (route[place], route.Count > 1);
        var gate = _gates.GetOrAdd((tenant, place), static (_, make) => new Gate(make.provider, make.isOneOfSeveral, make.time), (provider, isOneOfSeveral, time));
        if (gate.IsFor(provider, isOneOfSeveral))
            return gate;
        var next = new Gate(provider, isOneOfSeveral, time);
        return _gates.AddOrUpdate((tenant, place), next, (_, current) => current.IsFor(provider, isOneOfSeveral) ? current : next);
    }

    private sealed class Gate
    {
        private static readonly TimeSpan FirstBreak = TimeSpan.FromSeconds(30);
        private static readonly TimeSpan LongestBreak = TimeSpan.FromMinutes(5);

        // How long others wait for the message that asks the provider again.
        private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(10);

        private readonly Lock _lock = new();
        private readonly TimeProvider _time;
        private readonly ProviderSettings _provider;
        private readonly bool _isOneOfSeveral;
        private readonly CircuitBreakerStateProvider _state = new();
        private readonly ResiliencePipeline<SendResult> _breaker;

        // What the provider asked for, and what its breaker gives it, in ticks. The breaker says so within its own lock, where ours must not be taken.
        private long _pausedUntil;
        private long _brokenUntil;

        public Gate(ProviderSettings provider, bool isOneOfSeveral, TimeProvider time)
        {
            (_provider, _isOneOfSeveral, _time) = (provider, isOneOfSeveral, time);
            _breaker = new ResiliencePipelineBuilder<SendResult> { TimeProvider = time }
                .AddCircuitBreaker(new CircuitBreakerStrategyOptions<SendResult>
                {
                    // Five in a minute, nearly all failed: fewer say nothing about the provider. Where another one sends meanwhile, a mistake
                    // costs little, and a provider that sent a lot before it failed is left alone after a quarter of a minute.
                    FailureRatio = isOneOfSeveral ? 0.5 : 0.9,
                    MinimumThroughput = 5,
                    SamplingDuration = TimeSpan.FromSeconds(isOneOfSeveral ? 30 : 60),
                    BreakDurationGenerator = arguments =>
                    {
                        var duration = BreakAfter(arguments.HalfOpenAttempts);
                        Set(ref _brokenUntil, time.GetUtcNow() + duration);
                        return new(duration);
                    },
                    ShouldHandle = arguments => new(arguments.Outcome.Result is { } result && IsReasonToLeave(result)),
                    StateProvider = _state,
                })
                .Build();
        }

        /// <summary>Whether the provider asked to be left alone, and still is.</summary>
        public bool IsPaused => Interlocked.Read(ref _pausedUntil) > _time.GetUtcNow().UtcTicks;

        /// <summary>The answer to who comes to a provider that is left alone.</summary>
        public static SendResult LeftAlone(TimeSpan wait) =>
            SendResult.Failed(SendStatus.Postponed, ErrorCategory.ProviderUnavailable, "The provider failed repeatedly and is left alone for a while.") with { RetryAfter = wait };

        public ProviderSettings Provider => _provider;

        public bool IsFor(ProviderSettings provider, bool isOneOfSeveral) => _provider == provider && _isOneOfSeveral == isOneOfSeveral;

        /// <summary>Until when the provider is left alone; null: it is not.</summary>
        public DateTimeOffset? Until()
        {
            var until = Math.Max(Interlocked.Read(ref _pausedUntil), Interlocked.Read(ref _brokenUntil));
            return until > _time.GetUtcNow().UtcTicks ? new DateTimeOffset(until, TimeSpan.Zero) : null;
        }

        /// <summary>The same for who would call it now: the first one after a break may, and the next ones wait for what comes of it.</summary>
        public DateTimeOffset? Enter()
        {
            lock (_lock)
            {
                if (Until() is { } until)
                    return until;
                if (_state.CircuitState is CircuitState.Open or CircuitState.HalfOpen)
                    Set(ref _brokenUntil, _time.GetUtcNow() + ProbeTime);
                return null;
            }
        }

        public (string State, DateTimeOffset? Until) State() =>
            (_state.CircuitState switch { CircuitState.Closed => "closed", CircuitState.HalfOpen => "half_open", _ => "open" }, Until());

        /// <summary>Probes the provider, if its break is over. Until when it is left alone then; null: it is not.</summary>
        public async Task<DateTimeOffset?> ProbeAsync(Func<CancellationToken, Task<SendResult?>> probe, CancellationToken cancellationToken)
        {
            if (_state.CircuitState == CircuitState.Closed)
                return null;
            var result = await CallAsync(async token => await probe(token) ?? SendResult.Sent("probed"), cancellationToken);
            return result.Status == SendStatus.Sent ? null : Until() ?? _time.GetUtcNow() + ProbeTime;
        }

        public async Task<SendResult> CallAsync(Func<CancellationToken, Task<SendResult>> call, CancellationToken cancellationToken)
        {
            // Without leaving the caller's context, which counts where a test has one.
            var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellationToken);
            try
            {
                var result = await _breaker.ExecuteAsync(static async (context, call) => await call(context.CancellationToken), context, call);
                if (result.Status == SendStatus.Throttled)
                    Set(ref _isOneOfSeveral && result.MayGoElsewhere ? ref _brokenUntil : ref _pausedUntil, Outcomes.PauseUntil(result, _time.GetUtcNow()));
                else if (_state.CircuitState == CircuitState.Closed)
                    Interlocked.Exchange(ref _brokenUntil, 0);
                return result;
            }
            catch (BrokenCircuitException)
            {
                return LeftAlone(Until() is { } until ? until - _time.GetUtcNow() : ProbeTime);
            }
            finally
            {
                ResilienceContextPool.Shared.Return(context);
            }
        }

        private static void Set(ref long until, DateTimeOffset time) => Interlocked.Exchange(ref until, time.UtcTicks);

        private bool IsReasonToLeave(SendResult result) => _isOneOfSeveral && result.MayGoElsewhere
            || (result.Status is SendStatus.Transient or SendStatus.Unknown
                && result.Category is ErrorCategory.Network or ErrorCategory.Timeout or ErrorCategory.ProviderUnavailable);

        // A probe costs no message, so it need not become rarer.
        private TimeSpan BreakAfter(int failedProbes) =>
            _isOneOfSeveral ? FirstBreak : TimeSpan.FromTicks(Math.Min(LongestBreak.Ticks, FirstBreak.Ticks << Math.Min(failedProbes, 10)));
    }
}

/// <summary>A provider that is left alone.</summary>
/// <param name="Tenant">Whose mail it sends.</param>
/// <param name="Place">Its place in the tenant's route, 0 for the first.</param>
/// <param name="Provider">The provider, as it was when it was called last.</param>
/// <param name="State"><c>open</c>: it failed again and again; <c>half_open</c>: one message is finding out whether it is back; <c>paused</c>: it asked for a break.</param>
/// <param name="Until">Until when; null: the next call finds out whether it is back.</param>
public sealed record StoppedProvider(TenantId Tenant, int Place, ProviderSettings Provider, string State, DateTimeOffset? Until);
