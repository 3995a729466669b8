namespace EmailFunctions.Tests.Support;

/// <summary>A folder that is gone with the test.</summary>
public sealed class TempFolder : IDisposable
{
    public TempFolder() => FullPath = Directory.CreateTempSubdirectory("email-functions-").FullName;

    public string FullPath { get; }

    public string Combine(string name) => Path.Combine(FullPath, name);

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
