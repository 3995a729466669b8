using System.Collections.Frozen;

namespace EmailFunctions.Providers;

/// <summary>The providers that this composition has, by type; two of one type stop the start.</summary>
public sealed class ProviderRegistry(IEnumerable<IEmailProvider> providers)
{
    private readonly FrozenDictionary<ProviderType, IEmailProvider> _providers = providers.ToFrozenDictionary(static provider => provider.Type);

    public bool Has(ProviderType type) => _providers.ContainsKey(type);

    /// <exception cref="InvalidOperationException">There is none; callers ask <see cref="Has"/> first.</exception>
    public IEmailProvider Get(ProviderType type) =>
        _providers.TryGetValue(type, out var provider)
            ? provider
            : throw new InvalidOperationException($"The provider {type.Name()} is not part of this version.");
}
