using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace EmailFunctions.Spooling;

/// <summary>A text of valid Unicode that lies in memory where it is short, and as UTF-8 in a spool where it may be long. What it says does not depend on that.</summary>
public sealed class SpoolText
{
    private readonly bool _containsNull;

    private SpoolText(string? inMemory, SpoolSlice? spooled, bool containsNull)
    {
        (InMemory, Spooled, _containsNull) = (inMemory, spooled, containsNull);
        Bytes = spooled?.Length ?? Encoding.UTF8.GetByteCount(inMemory!);
    }

    /// <summary>The text; null: it lies in a spool.</summary>
    public string? InMemory { get; }

    /// <summary>The text as UTF-8, until the spool is disposed of; null: it lies in memory.</summary>
    public SpoolSlice? Spooled { get; }

    /// <summary>Its length as UTF-8.</summary>
    public long Bytes { get; }

    public bool IsEmpty => Bytes == 0;

    /// <summary>Whether U+0000 is in it.</summary>
    public bool ContainsNull => InMemory?.Contains('\0', StringComparison.Ordinal) ?? _containsNull;

    /// <summary>A text in memory.</summary>
    public static SpoolText Of(string text) => new(text, null, false);

    /// <summary>A text in a spool.</summary>
    /// <param name="utf8">Its bytes.</param>
    /// <param name="containsNull">Whether U+0000 is in it.</param>
    public static SpoolText Of(SpoolSlice utf8, bool containsNull) => new(null, utf8, containsNull);

#pragma warning disable CA2225 // That is Of.
    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator SpoolText?(string? text) => text is null ? null : Of(text);
#pragma warning restore CA2225

    /// <summary>Opens it for reading as UTF-8.</summary>
    public Stream OpenRead() => Spooled?.OpenRead() ?? new MemoryStream(Encoding.UTF8.GetBytes(InMemory!), writable: false);

    /// <summary>Says nothing: texts must reach no log.</summary>
    public override string ToString() => nameof(SpoolText);
}
