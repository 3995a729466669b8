using System.Text;

namespace EmailFunctions.Tests.Wire;

/// <summary>Makes bodies with files and texts: well made ones, such with odd values and names, and such that were damaged.</summary>
internal sealed class BodyTexts(Random random)
{
    private static readonly string[] Keys = ["attachments", "content", "messages", "body", "html", "bod\\u0079", "filename", "subject", "data", "cont\\u0065nt", "\\u0061ttachments", "conten", "contents", "Content", "c\\/", "\\ud800", "con\\\"tent"];
    private static readonly string[] Spaces = ["", "", "", "", " ", "\n", "\r\n", "\t", "  \n "];
    private static readonly string[] Scalars = ["null", "true", "false", "7", "-1.5e3", "\"\"", "\"text\"", "\"QUJD\"", "\"~0\"", "\"~\"", "\"\\\"]},{[\"", "[]", "{}", "\"\\u00e4\"", "nope"];
    private static readonly string[] FilePieces = ["QUJD", "QQ==", "Q", "QU", "=", "+/", "\\/", "\\u002B", "\\u0051", "\\n", "\\r\\n", "\\t", " ", "\\b", "\\\"", "\\\\", "\\ud83d\\ude00", "\\udead", "ä", "~0", "-_", "\\x", "\\u00g0", "\u0001"];

    private static readonly string[] TextPieces =
    [
        "a", "plain text", "~", "~0", "ä", "日本", "😀", "\\n", "\\r\\n", "\\\"", "\\\\", "\\/", "\\u00e4", "\\u007e0", "\\ud83d\\ude00", "<p>",
        "\\ud83d", "\\ude00", "\\u0000", "\\x", "\\u00g0", "\u0001",
    ];

    public byte[] Next() => Finish(Message());

    public byte[] NextList() => Finish(Object(3, "messages", () => Array(() => Message())));

    private byte[] Finish(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(random.Next(20) == 0 ? "\uFEFF" + text : text).ToList();
        if (random.Next(3) != 0 || bytes.Count == 0)
            return [.. bytes];
        for (var damages = random.Next(1, 3); damages > 0 && bytes.Count > 0; damages--)
        {
            var place = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes.RemoveAt(place);
                    break;
                case 1:
                    bytes.Insert(place, Byte());
                    break;
                case 2:
                    bytes[place] = Byte();
                    break;
                default:
                    bytes.RemoveRange(place, bytes.Count - place);
                    break;
            }
        }

        return [.. bytes];
    }

    private byte Byte() => "{}[]\",:\\x \n\0Q=7\x7f"u8.ToArray()[random.Next(16)];

    private string Message() => random.Next(2) == 0 ? Object(3, "attachments", () => Array(Attachment)) : Object(3, random.Next(2) == 0 ? "body" : "html", Text);

    private string Attachment() => random.Next(15) == 0 ? Value(2) : Object(2, "content", File);

    // Mostly with the name that is wanted, now and then twice, or with others.
    private string Object(int most, string name, Func<string> value)
    {
        var members = new List<string>();
        for (var count = random.Next(0, most); count > 0; count--)
            members.Add(random.Next(4) == 0 ? Member(Keys[random.Next(Keys.Length)], Value(2)) : Member(name == "content" ? "filename" : "subject", "\"a\""));
        if (random.Next(10) != 0)
            members.Add(Member(name, random.Next(12) == 0 ? Value(2) : value()));
        if (random.Next(25) == 0)
            members.Add(Member(name, value()));
        return $"{Space()}{{{Space()}{string.Join($"{Space()},{Space()}", members.OrderBy(_ => random.Next()))}{Space()}}}{Space()}";
    }

    private string Array(Func<string> element) =>
        $"[{Space()}{string.Join($"{Space()},{Space()}", Enumerable.Range(0, random.Next(4)).Select(_ => element()))}{Space()}]";

    private string Member(string name, string value) => $"\"{name}\"{Space()}:{Space()}{value}";

    private string Value(int depth) => random.Next(4) switch
    {
        0 when depth > 0 => Object(2, Keys[random.Next(3)], () => Value(depth - 1)),
        1 when depth > 0 => Array(() => Value(depth - 1)),
        _ => Scalars[random.Next(Scalars.Length)],
    };

    private string File()
    {
        if (random.Next(3) != 0)
        {
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            return $"\"{Convert.ToBase64String(bytes)}\"";
        }

        return $"\"{string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => FilePieces[random.Next(random.Next(3) == 0 ? FilePieces.Length : 13)]))}\"";
    }

    private string Text() => $"\"{string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => TextPieces[random.Next(random.Next(3) == 0 ? TextPieces.Length : 16)]))}\"";

    private string Space() => Spaces[random.Next(Spaces.Length)];
}
