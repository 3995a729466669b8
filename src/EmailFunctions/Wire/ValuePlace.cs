namespace EmailFunctions.Wire;

/// <summary>A place in a JSON body where values are that may be too large for memory.</summary>
/// <param name="Path">Names from the outermost object to the string: each but the last is that of an array of objects.</param>
/// <param name="IsText">Whether the string is a text; else it is a file in base64.</param>
internal sealed record ValuePlace(IReadOnlyList<string> Path, bool IsText)
{
    public static ValuePlace File(params IReadOnlyList<string> path) => new(path, IsText: false);

    public static ValuePlace Text(params IReadOnlyList<string> path) => new(path, IsText: true);

    /// <summary>The same place within the objects of an array.</summary>
    public ValuePlace Within(string field) => this with { Path = [field, .. Path] };
}
