using System.Text;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>That the search finds what is there, without which finding nothing would say nothing.</summary>
public sealed class CanarySearchTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Canaries _canaries = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Encodings => ["utf-8", "utf-16", "utf-16BE", "base64", "base64url", "hex", "HEX"];

    [Theory]
    [MemberData(nameof(Encodings))]
    public void A_canary_is_found_wherever_in_a_file_it_lies(string encoding)
    {
        var text = _canaries.New("secret");
        _canaries.New("another");
        Directory.CreateDirectory(_folder.Combine("sub"));
        for (var before = 0; before < 6; before++)
        {
            var planted = new string('ÿ', before) + text + "?!";
            File.WriteAllBytes(_folder.Combine("sub/file"), [0, 1, 2, .. Encode(encoding, planted), 0]);

            var found = _canaries.SearchFiles(_folder.FullPath);

            Assert.NotEmpty(found);
            Assert.All(found, finding => Assert.Equal(Path.Combine("sub", "file"), finding.Place));
            Assert.All(found, finding => Assert.StartsWith("secret in ", finding.What, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Bytes_are_found_as_they_are_and_as_text()
    {
        var key = _canaries.NewBytes("key", 32);
        File.WriteAllBytes(_folder.Combine("raw"), [7, .. key, 7]);
        File.WriteAllText(_folder.Combine("base64"), "key=" + Convert.ToBase64String(key));

        Assert.Equal(["base64", "raw"], _canaries.SearchFiles(_folder.FullPath).Select(found => found.Place).Distinct().Order());
    }

    [Fact]
    public void A_file_without_canaries_has_none()
    {
        var text = _canaries.New("secret");
        File.WriteAllText(_folder.Combine("file"), text[..^1]);

        Assert.Empty(_canaries.SearchFiles(_folder.FullPath));
        Assert.Empty(_canaries.SearchText("text", text[1..]));
        Assert.Single(_canaries.SearchText("text", $"so {text} so"));
    }

    private static byte[] Encode(string encoding, string text) => encoding switch
    {
        "base64" => Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.Latin1.GetBytes(text))),
        "base64url" => Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.Latin1.GetBytes(text)).Replace('+', '-').Replace('/', '_')),
        "hex" => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text))),
        "HEX" => Encoding.ASCII.GetBytes(Convert.ToHexString(Encoding.UTF8.GetBytes(text))),
        _ => Encoding.GetEncoding(encoding).GetBytes(text),
    };
}
