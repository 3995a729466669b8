using System.Collections.Concurrent;

namespace EmailFunctions.Providers.Smtp;

/// <summary>The largest message that each server last said it takes (RFC 1870), so that a larger one can be turned away before it is accepted.</summary>
internal sealed class SmtpSizes
{
    // What is forgotten is learnt again with the next connection.
    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<(string Host, int Port), long> _sizes = new();

    /// <summary>In bytes as MIME; null: not known, or no limit.</summary>
    public long? Find(ProviderSettings settings) => _sizes.TryGetValue(KeyOf(settings), out var size) ? size : null;

    /// <summary>A server has been asked.</summary>
    /// <param name="settings">Where it is.</param>
    /// <param name="size">What it announces; 0: nothing, or no limit.</param>
    public void Note(ProviderSettings settings, long size)
    {
        if (_sizes.Count >= MaxKnown)
            _sizes.Clear();
        if (size > 0)
            _sizes[KeyOf(settings)] = size;
        else
            _sizes.TryRemove(KeyOf(settings), out _);
    }

    private static (string Host, int Port) KeyOf(ProviderSettings settings) => (settings.SmtpHost!.ToUpperInvariant(), settings.SmtpPort);
}
