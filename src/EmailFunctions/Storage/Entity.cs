using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;

namespace EmailFunctions.Storage;

/// <summary>
/// A row: a key, the ETag of the version that was read, and typed properties. Values are <see cref="string"/>,
/// <see cref="long"/>, <see cref="double"/>, <see cref="bool"/>, <see cref="DateTimeOffset"/> (UTC) or a byte array.
/// A property that is null is not stored.
/// </summary>
public sealed class Entity(EntityKey key)
{
    // A ledger row's: a table that grows while it is filled costs more than all else here.
    private const int TypicalProperties = 17;

    private static readonly IReadOnlyDictionary<string, object> None = ReadOnlyDictionary<string, object>.Empty;

    // Null: it has none, as a row of an index.
    private Dictionary<string, object>? _properties;

    public Entity(string partition, string row) : this(new EntityKey(partition, row))
    {
    }

    public EntityKey Key { get; } = key;

    /// <summary>The version that was read; null on an entity that was made to be written.</summary>
    public string? ETag { get; init; }

    public IReadOnlyDictionary<string, object> Properties => _properties ?? None;

    /// <summary>Sets or, with null, removes a property.</summary>
    /// <exception cref="ArgumentException">The value's type can't be stored.</exception>
    [SuppressMessage("Design", "CA1044", Justification = "Reads are typed, by the Get methods.")]
    public object? this[string name]
    {
        set
        {
            switch (value)
            {
                case null: _properties?.Remove(name); break;
                case int number: Set(name, (long)number); break;
                case string or long or double or bool or byte[]: Set(name, value); break;
                case DateTimeOffset time: Set(name, time.ToUniversalTime()); break;
                default: throw new ArgumentException($"A property can't hold a {value.GetType()}.", nameof(value));
            }
        }
    }

    public string? GetString(string name) => Get<string>(name);

    public byte[]? GetBytes(string name) => Get<byte[]>(name);

    public long? GetInt64(string name) => GetValue<long>(name);

    public double? GetDouble(string name) => GetValue<double>(name);

    public bool? GetBoolean(string name) => GetValue<bool>(name);

    public DateTimeOffset? GetTime(string name) => GetValue<DateTimeOffset>(name);

    private void Set(string name, object value) => (_properties ??= new Dictionary<string, object>(TypicalProperties, StringComparer.Ordinal))[name] = value;

    private T? Get<T>(string name) where T : class => Properties.TryGetValue(name, out var value) ? (T)value : null;

    private T? GetValue<T>(string name) where T : struct =>
        Properties.TryGetValue(name, out var value) ? (T)value : null;
}
