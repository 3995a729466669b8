namespace EmailFunctions.Providers;

/// <summary>What a probe found.</summary>
public enum ProbeStatus
{
    /// <summary>The provider let the account in.</summary>
    Healthy,

    /// <summary>The account may send, but not be probed (a key for sending only): real mail has to tell.</summary>
    Limited,

    /// <summary>It would not take mail now.</summary>
    Unhealthy,
}

/// <summary>The answer to a probe: can the provider be used, seen without sending.</summary>
public sealed record ProbeResult
{
    private ProbeResult(ProbeStatus status, ErrorCategory? category, string? answer) => (Status, Category, Answer) = (status, category, ProviderAnswer.Clean(answer));

    public static ProbeResult Healthy { get; } = new(ProbeStatus.Healthy, null, null);

    public ProbeStatus Status { get; }

    /// <summary>What is wrong; null unless unhealthy.</summary>
    public ErrorCategory? Category { get; }

    /// <summary>For the operator, as in <see cref="SendResult.Answer"/>.</summary>
    public string? Answer { get; }

    /// <summary>Whether nothing is known that would keep mail back.</summary>
    public bool IsHealthy => Status != ProbeStatus.Unhealthy;

    public static ProbeResult Limited(string? answer) => new(ProbeStatus.Limited, null, answer);

    public static ProbeResult Unhealthy(ErrorCategory category, string? answer) => new(ProbeStatus.Unhealthy, category, answer);
}
