using System.Text;

namespace EmailFunctions.TestKit.Protocol;

/// <summary>Finds the values of chosen headers in a raw header block; only those become strings.</summary>
internal sealed class HeaderNames(IReadOnlyList<string> names)
{
    private readonly byte[][] _names = [.. names.Select(Encoding.ASCII.GetBytes)];

    public bool Any => _names.Length > 0;

    public IReadOnlyList<KeyValuePair<string, string>> Read(ReadOnlySpan<byte> block)
    {
        List<KeyValuePair<string, string>>? found = null;
        while (!block.IsEmpty)
        {
            var length = FieldLength(block);
            var field = block[..length];
            block = block[length..];
            var colon = field.IndexOf((byte)':');
            if (colon > 0 && IsWanted(field[..colon].TrimEnd(" \t"u8)))
            {
                (found ??= []).Add(new(
                    Encoding.ASCII.GetString(field[..colon]).TrimEnd(),
                    Unfold(field[(colon + 1)..])));
            }
        }

        return found ?? (IReadOnlyList<KeyValuePair<string, string>>)[];
    }

    /// <summary>A field runs to the first line end that no space or tab follows.</summary>
    private static int FieldLength(ReadOnlySpan<byte> block)
    {
        var length = 0;
        while (true)
        {
            var end = block[length..].IndexOf("\r\n"u8);
            if (end < 0)
            {
                return block.Length;
            }

            length += end + 2;
            if (length == block.Length || block[length] is not ((byte)' ' or (byte)'\t'))
            {
                return length;
            }
        }
    }

    private static string Unfold(ReadOnlySpan<byte> value) =>
        Encoding.UTF8.GetString(value).Replace("\r\n", "", StringComparison.Ordinal).Trim();

    private bool IsWanted(ReadOnlySpan<byte> name)
    {
        foreach (var wanted in _names)
        {
            if (Ascii.EqualsIgnoreCase(name, wanted))
            {
                return true;
            }
        }

        return false;
    }
}
