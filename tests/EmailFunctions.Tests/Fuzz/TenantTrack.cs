namespace EmailFunctions.Tests.Fuzz;

/// <summary>A tenant of the isolation fuzz: how it calls, and what it has seen of its own, which the other will try.</summary>
/// <param name="Name">Its name, which is no part of anything else.</param>
/// <param name="Token">Its access token, with every scope.</param>
/// <param name="Key">Its API key, with every scope.</param>
internal sealed record TenantTrack(string Name, string Token, string Key)
{
    private const int Kept = 200;

    private readonly Dictionary<string, List<string>> _seen = [];

    /// <summary>With what the ids of all its keys begin.</summary>
    public string KeyPrefix => Key[4..12];

    /// <summary>By which its rows, queue messages and sends are known.</summary>
    public bool Owns(string text) => text.Contains(Name, StringComparison.Ordinal) || text.Contains($"api-keys/{KeyPrefix}", StringComparison.Ordinal);

    /// <summary>Keeps something, one in place of another once there are many.</summary>
    public void See(string kind, string value, Random random)
    {
        if (!_seen.TryGetValue(kind, out var values))
            _seen[kind] = values = [];
        if (values.Count < Kept)
            values.Add(value);
        else
            values[random.Next(Kept)] = value;
    }

    /// <summary>Something of a kind; where there is none yet, nothing that exists.</summary>
    public string Any(string kind, Random random) => _seen.TryGetValue(kind, out var values) ? values[random.Next(values.Count)] : $"no-{kind}";
}
