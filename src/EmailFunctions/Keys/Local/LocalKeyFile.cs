using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace EmailFunctions.Keys.Local;

/// <summary>The key-encryption key of a desk: a file that only its owner may read, made on the first start. Keys that it replaced lie beside it.</summary>
internal static class LocalKeyFile
{
    /// <summary>The name of the file of the key that wraps; those of old keys begin with it and a full stop.</summary>
    public const string Name = "key";

    private const string Unfinished = ".new";

    /// <summary>Reads the key, or makes it where there is none.</summary>
    /// <exception cref="KeyUnavailableException">The file is no key, or others may read it.</exception>
    public static byte[] ReadOrCreate(string path)
    {
        if (!File.Exists(path))
            Create(path);
        return Read(path);
    }

    /// <summary>Reads the keys that were replaced: all files <c>key.…</c> of the folder, and the file <c>key</c> where it is not the one that wraps.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="isKeyInUse">Whether the file <c>key</c> has the key that wraps.</param>
    /// <exception cref="KeyUnavailableException">A file is no key, or others may read it.</exception>
    public static IReadOnlyList<byte[]> ReadPrevious(string folder, bool isKeyInUse)
    {
        var old = Directory.GetFiles(folder).Where(static path => IsOld(Path.GetFileName(path))).Order(StringComparer.Ordinal);
        var current = Path.Combine(folder, Name);
        return [.. (isKeyInUse || !File.Exists(current) ? old : old.Append(current)).Select(Read)];
    }

    private static bool IsOld(string name) => name.StartsWith(Name + ".", StringComparison.Ordinal) && name != Name + Unfinished;

    private static byte[] Read(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0)
            throw new KeyUnavailableException($"The key file {path} may be read by others. Run: chmod 600 {path}");

        // Never as a string, which can't be overwritten.
        var text = File.ReadAllBytes(path);
        var key = new byte[LocalKeyWrapper.KeyBytes];
        try
        {
            if (Base64.DecodeFromUtf8(text.AsSpan().Trim(" \t\r\n"u8), key, out _, out var length) != System.Buffers.OperationStatus.Done || length != key.Length)
                throw new KeyUnavailableException($"The key file {path} does not hold {LocalKeyWrapper.KeyBytes} bytes in base64. Restore it from a copy; a new one can't read what the old one encrypted.");
            return key;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    // Written beside and renamed: a crash in between must not leave half a key that later data would be lost under.
    private static void Create(string path)
    {
        var unfinished = path + Unfinished;
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var key = RandomNumberGenerator.GetBytes(LocalKeyWrapper.KeyBytes);
        var text = new byte[Base64.GetMaxEncodedToUtf8Length(key.Length)];
        Base64.EncodeToUtf8(key, text, out _, out _);
        using (var file = new FileStream(unfinished, options))
        {
            file.Write(text);
            file.Write(Encoding.UTF8.GetBytes(Environment.NewLine));
            file.Flush(flushToDisk: true);
        }

        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(text);
        File.Move(unfinished, path);
    }
}
