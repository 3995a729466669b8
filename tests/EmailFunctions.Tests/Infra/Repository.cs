namespace EmailFunctions.Tests.Infra;

/// <summary>Files of the repository that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string PathOf(string file) => Path.Combine(Root, file);

    public static string Read(string file) => File.ReadAllText(PathOf(file));

    /// <summary>The files of infra/ with an ending, as paths from the root.</summary>
    public static IEnumerable<string> InfraFiles(string ending) =>
        Directory.EnumerateFiles(PathOf("infra"), "*" + ending, SearchOption.AllDirectories)
            .Select(static file => Path.GetRelativePath(Root, file)).Order(StringComparer.Ordinal);

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "EmailFunctions.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("The tests don't run from within the repository.");
        return folder.FullName;
    }
}
