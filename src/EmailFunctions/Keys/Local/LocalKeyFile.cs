using System.Security.Cryptography;

namespace EmailFunctions.Keys.Local;

/// <summary>The key-encryption key of a desk: a file that only its owner may read, made on the first start.</summary>
internal static class LocalKeyFile
{
    /// <summary>Reads the key, or makes it where there is none.</summary>
    /// <exception cref="KeyUnavailableException">The file is no key, or others may read it.</exception>
    public static byte[] ReadOrCreate(string path)
    {
        if (!File.Exists(path))
            Create(path);

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0)
            throw new KeyUnavailableException($"The key file {path} may be read by others. Run: chmod 600 {path}");

        var key = new byte[LocalKeyWrapper.KeyBytes];
        var text = File.ReadAllText(path).Trim();
        if (!Convert.TryFromBase64String(text, key, out var length) || length != key.Length)
            throw new KeyUnavailableException($"The key file {path} does not hold {LocalKeyWrapper.KeyBytes} bytes in base64. Restore it from a copy; a new one can't read what the old one encrypted.");
        return key;
    }

    // Written beside and renamed: a crash in between must not leave half a key that later data would be lost under.
    private static void Create(string path)
    {
        var unfinished = path + ".new";
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(unfinished, options))
        using (var writer = new StreamWriter(file))
        {
            writer.WriteLine(Convert.ToBase64String(RandomNumberGenerator.GetBytes(LocalKeyWrapper.KeyBytes)));
            writer.Flush();
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path);
    }
}
