namespace EmailFunctions.Tests.Support;

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>Its folder.</summary>
    public static string Root { get; } = Find();

    /// <summary>A file's path, from the one within the repository.</summary>
    public static string PathOf(string file) => Path.Combine(Root, file);

    /// <summary>A file's text.</summary>
    public static string Read(string file) => File.ReadAllText(PathOf(file));

    /// <summary>The files within a folder whose names end like this, as paths within the repository.</summary>
    public static IEnumerable<string> Files(string folder, string ending) =>
        Directory.EnumerateFiles(PathOf(folder), "*" + ending, SearchOption.AllDirectories)
            .Select(static file => Path.GetRelativePath(Root, file)).Order(StringComparer.Ordinal);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "EmailFunctions.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("The tests don't lie in the repository.");
    }
}
