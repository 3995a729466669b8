namespace EmailFunctions.Tests.Support;

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>Its folder.</summary>
    public static string Root { get; } = Find();

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
