using System.Security.Cryptography;
using EmailFunctions.Keys.Local;
using EmailFunctions.Settings;

namespace EmailFunctions.Composition;

/// <summary>Finds the key-encryption keys of a process that holds them itself: by the settings, and on a desk in its data folder.</summary>
internal static class LocalKeys
{
    /// <param name="settings">The settings; what they have of keys is overwritten.</param>
    /// <param name="folder">The data folder; null: there is none.</param>
    /// <exception cref="Keys.KeyUnavailableException">A key file can't be used.</exception>
    public static LocalKeyWrapper Open(ServiceSettings settings, string? folder)
    {
        var key = settings.EncryptionKey ?? LocalKeyFile.ReadOrCreate(Path.Combine(folder!, LocalKeyFile.Name));
        byte[][] previous = [.. settings.PreviousKeys, .. folder is null ? [] : LocalKeyFile.ReadPrevious(folder, isKeyInUse: settings.EncryptionKey is null)];
        var wrapper = new LocalKeyWrapper(key, previous);
        foreach (var bytes in previous.Append(key))
            CryptographicOperations.ZeroMemory(bytes);
        return wrapper;
    }
}
