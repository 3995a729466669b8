using System.Runtime.Versioning;
using EmailFunctions.Keys;
using EmailFunctions.Keys.Local;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Keys;

public sealed class LocalKeyFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string NoModes = "Windows has no file modes.";

    private readonly TempFolder _folder = new();
    private readonly string _path;

    public LocalKeyFileTests() => _path = _folder.Combine("key");

    public static TheoryData<string> DamagedTexts =>
    [
        "", "\n", "not base64!", Convert.ToBase64String(new byte[31]), Convert.ToBase64String(new byte[33]), Convert.ToBase64String(new byte[64]),
        Convert.ToBase64String(new byte[32])[..^2], Convert.ToHexString(new byte[32]),
        Convert.ToBase64String(new byte[32]) + "\n" + Convert.ToBase64String(new byte[32]),
    ];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_key_is_made_on_the_first_start_and_read_on_the_next()
    {
        var made = LocalKeyFile.ReadOrCreate(_path);

        Assert.Equal(LocalKeyWrapper.KeyBytes, made.Length);
        Assert.Equal(made, LocalKeyFile.ReadOrCreate(_path));
        Assert.Equal([_path], Directory.GetFiles(_folder.FullPath));
    }

    [Fact]
    public void Two_files_hold_two_keys() =>
        Assert.NotEqual(LocalKeyFile.ReadOrCreate(_path), LocalKeyFile.ReadOrCreate(_folder.Combine("other")));

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_new_key_file_is_for_its_owner_only()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), NoModes);
        LocalKeyFile.ReadOrCreate(_path);

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_path));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.GroupExecute)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.OtherExecute)]
    [UnsupportedOSPlatform("windows")]
    public void A_key_file_that_others_may_touch_is_refused_with_the_command_that_mends_it(UnixFileMode others)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), NoModes);
        LocalKeyFile.ReadOrCreate(_path);
        File.SetUnixFileMode(_path, OwnerOnly | others);

        var refusal = Assert.Throws<KeyUnavailableException>(() => LocalKeyFile.ReadOrCreate(_path));

        Assert.EndsWith($"chmod 600 {_path}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_key_file_may_be_read_only()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), NoModes);
        var made = LocalKeyFile.ReadOrCreate(_path);
        File.SetUnixFileMode(_path, UnixFileMode.UserRead);

        Assert.Equal(made, LocalKeyFile.ReadOrCreate(_path));
    }

    [Theory]
    [MemberData(nameof(DamagedTexts))]
    public void A_damaged_key_file_is_refused_by_its_name_and_left_as_it_is(string text)
    {
        LocalKeyFile.ReadOrCreate(_path);
        File.WriteAllText(_path, text);

        var refusal = Assert.Throws<KeyUnavailableException>(() => LocalKeyFile.ReadOrCreate(_path));

        Assert.Contains(_path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("32 bytes in base64", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(_path));
    }

    [Fact]
    public void Space_around_the_key_does_no_harm()
    {
        var made = LocalKeyFile.ReadOrCreate(_path);
        File.WriteAllText(_path, $"\n  {Convert.ToBase64String(made)}\r\n");

        Assert.Equal(made, LocalKeyFile.ReadOrCreate(_path));
    }

    [Fact]
    public void Keys_that_were_replaced_are_the_files_beside_it()
    {
        var first = LocalKeyFile.ReadOrCreate(_path);
        File.Move(_path, _folder.Combine("key.1"));
        var second = LocalKeyFile.ReadOrCreate(_path);
        File.WriteAllText(_path + ".new", "half");

        Assert.Equal([first], LocalKeyFile.ReadPrevious(_folder.FullPath, isKeyInUse: true));
        // Where a setting has the key that wraps.
        Assert.Equal([first, second], LocalKeyFile.ReadPrevious(_folder.FullPath, isKeyInUse: false));
    }

    [Fact]
    public void A_damaged_key_that_was_replaced_is_refused_too()
    {
        LocalKeyFile.ReadOrCreate(_folder.Combine("key.1"));
        File.WriteAllText(_folder.Combine("key.1"), "no key");

        Assert.Contains("key.1", Assert.Throws<KeyUnavailableException>(() => LocalKeyFile.ReadPrevious(_folder.FullPath, isKeyInUse: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_crash_left_half_made_is_made_anew()
    {
        File.WriteAllText(_path + ".new", "half");

        var made = LocalKeyFile.ReadOrCreate(_path);

        Assert.Equal(made, LocalKeyFile.ReadOrCreate(_path));
        Assert.Equal([_path], Directory.GetFiles(_folder.FullPath));
    }
}
