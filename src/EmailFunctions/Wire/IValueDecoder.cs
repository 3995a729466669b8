using EmailFunctions.Spooling;
using EmailFunctions.Storage;

namespace EmailFunctions.Wire;

/// <summary>Decodes JSON strings into a spool while they arrive, one after the other.</summary>
internal interface IValueDecoder : IDisposable
{
    /// <summary>Begins a string.</summary>
    void Begin();

    /// <summary>Takes a piece that has no escape sequence in it.</summary>
    /// <exception cref="StoreUnavailableException">The spool can't be written.</exception>
    void Append(ReadOnlySpan<byte> utf8);

    /// <summary>Takes the UTF-16 unit that an escape sequence stands for.</summary>
    /// <exception cref="StoreUnavailableException">As of <see cref="Append"/>.</exception>
    void AppendEscaped(char unit);

    /// <summary>What the string says; null where it is not what it should be.</summary>
    /// <exception cref="StoreUnavailableException">As of <see cref="Append"/>.</exception>
    SpoolSlice? End();
}
