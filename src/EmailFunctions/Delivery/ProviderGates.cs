using System.Collections.Concurrent;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using Polly;
using Polly.CircuitBreaker;

namespace EmailFunctions.Delivery;

/// <summary>
/// Stands between a tenant's mail and its provider, in this process. A provider that fails again and again is left alone for a
/// while, and then asked with one message; one that says "too much" is left alone for as long as it asks. Who comes meanwhile is
/// put off before it is claimed, so that no attempt is used up.
/// </summary>
public sealed class ProviderGates(TimeProvider time)
{
    // A gate that is gone opens anew: it costs a few attempts.
    private const int MaxGates = 10_000;

    private readonly ConcurrentDictionary<TenantId, Gate> _gates = new();

    /// <summary>Until when the provider is left alone; null: it may be called.</summary>
    /// <param name="tenant">Whose mail it sends.</param>
    /// <param name="provider">Whom the tenant sends through now: another one begins anew.</param>
    public DateTimeOffset? StoppedUntil(TenantId tenant, ProviderSettings provider) => GateOf(tenant, provider).StoppedUntil();

    /// <summary>The state as words for a client: <c>closed</c>, <c>open</c> or <c>half_open</c>, and until when it is left alone.</summary>
    public (string State, DateTimeOffset? Until) StateOf(TenantId tenant, ProviderSettings provider) => GateOf(tenant, provider).State();

    /// <summary>Calls the provider, unless it is to be left alone: that is <see cref="SendStatus.Postponed"/>, with the time to wait.</summary>
    public Task<SendResult> CallAsync(TenantId tenant, ProviderSettings provider, Func<CancellationToken, Task<SendResult>> call, CancellationToken cancellationToken) =>
        GateOf(tenant, provider).CallAsync(call, cancellationToken);

    private Gate GateOf(TenantId tenant, ProviderSettings provider)
    {
        if (_gates.Count > MaxGates)
            _gates.Clear();
        var gate = _gates.GetOrAdd(tenant, static (_, make) => new Gate(make.provider, make.time), (provider, time));
        if (gate.Provider == provider)
            return gate;
        var next = new Gate(provider, time);
        return _gates.AddOrUpdate(tenant, next, (_, current) => current.Provider == provider ? current : next);
    }

    private sealed class Gate
    {
        private static readonly TimeSpan FirstBreak = TimeSpan.FromSeconds(30);
        private static readonly TimeSpan LongestBreak = TimeSpan.FromMinutes(5);

        // How long others wait for the message that asks the provider again.
        private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(10);

        private readonly Lock _lock = new();
        private readonly TimeProvider _time;
        private readonly CircuitBreakerStateProvider _state = new();
        private readonly ResiliencePipeline<SendResult> _breaker;

        // What the provider asked for, and what its breaker gives it.
        private DateTimeOffset _pausedUntil;
        private DateTimeOffset _brokenUntil;

        public Gate(ProviderSettings provider, TimeProvider time)
        {
            (Provider, _time) = (provider, time);
            _breaker = new ResiliencePipelineBuilder<SendResult> { TimeProvider = time }
                .AddCircuitBreaker(new CircuitBreakerStrategyOptions<SendResult>
                {
                    // Five in a minute, nearly all failed: fewer say nothing about the provider.
                    FailureRatio = 0.9,
                    MinimumThroughput = 5,
                    SamplingDuration = TimeSpan.FromMinutes(1),
                    BreakDurationGenerator = static arguments => new(BreakAfter(arguments.HalfOpenAttempts)),
                    ShouldHandle = static arguments => new(arguments.Outcome.Result is { } result && IsProvidersFault(result)),
                    StateProvider = _state,
                    OnOpened = arguments =>
                    {
                        lock (_lock)
                            _brokenUntil = time.GetUtcNow() + arguments.BreakDuration;
                        return default;
                    },
                })
                .Build();
        }

        public ProviderSettings Provider { get; }

        public DateTimeOffset? StoppedUntil()
        {
            lock (_lock)
            {
                if (Until() is { } until)
                    return until;
                // The break is over: who asks now may try, and the next ones wait for what comes of it.
                if (_state.CircuitState is CircuitState.Open or CircuitState.HalfOpen)
                    _brokenUntil = _time.GetUtcNow() + ProbeTime;
                return null;
            }
        }

        public (string State, DateTimeOffset? Until) State()
        {
            lock (_lock)
                return (_state.CircuitState switch { CircuitState.Closed => "closed", CircuitState.HalfOpen => "half_open", _ => "open" }, Until());
        }

        public async Task<SendResult> CallAsync(Func<CancellationToken, Task<SendResult>> call, CancellationToken cancellationToken)
        {
            // Without leaving the caller's context, which counts where a test has one.
            var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellationToken);
            try
            {
                var result = await _breaker.ExecuteAsync(static async (context, call) => await call(context.CancellationToken), context, call);
                lock (_lock)
                {
                    if (result.Status == SendStatus.Throttled)
                        _pausedUntil = Outcomes.PauseUntil(result, _time.GetUtcNow());
                    else if (_state.CircuitState == CircuitState.Closed)
                        _brokenUntil = default;
                }

                return result;
            }
            catch (BrokenCircuitException)
            {
                var wait = State().Until is { } until ? until - _time.GetUtcNow() : ProbeTime;
                return SendResult.Failed(SendStatus.Postponed, ErrorCategory.ProviderUnavailable, "The provider failed repeatedly and is left alone for a while.")
                    with
                { RetryAfter = wait };
            }
            finally
            {
                ResilienceContextPool.Shared.Return(context);
            }
        }

        private static bool IsProvidersFault(SendResult result) =>
            result.Status is SendStatus.Transient or SendStatus.Unknown
            && result.Category is ErrorCategory.Network or ErrorCategory.Timeout or ErrorCategory.ProviderUnavailable;

        private static TimeSpan BreakAfter(int failedProbes) =>
            TimeSpan.FromTicks(Math.Min(LongestBreak.Ticks, FirstBreak.Ticks << Math.Min(failedProbes, 10)));

        private DateTimeOffset? Until()
        {
            var until = _pausedUntil > _brokenUntil ? _pausedUntil : _brokenUntil;
            return until > _time.GetUtcNow() ? until : null;
        }
    }
}
