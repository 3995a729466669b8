using System.Diagnostics;
using System.Globalization;

namespace EmailFunctions.Tests.Support;

/// <summary>The processes of this machine, as Linux shows them.</summary>
internal static class ProcessTable
{
    /// <summary>Kills the children of a process that run a program of this name with this argument (empty: any); at least one must be there.</summary>
    public static void KillChildren(int parent, string name, string argument)
    {
        var children = Directory.EnumerateDirectories("/proc")
            .Select(static folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0 && Read(id) is var (itsName, itsParent) && itsName == name && itsParent == parent && HasArgument(id, argument))
            .ToList();
        Assert.NotEmpty(children);
        foreach (var id in children)
        {
            using var child = Process.GetProcessById(id);
            child.Kill();
        }
    }

    private static bool HasArgument(int id, string argument) =>
        argument.Length == 0 || File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/cmdline")).Split('\0').Contains(argument);

    // "id (name) state parent …"
    private static (string Name, int Parent)? Read(int id)
    {
        try
        {
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
            var end = text.LastIndexOf(')');
            return (text[(text.IndexOf('(', StringComparison.Ordinal) + 1)..end], int.Parse(text[(end + 2)..].Split(' ')[1], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }
}
