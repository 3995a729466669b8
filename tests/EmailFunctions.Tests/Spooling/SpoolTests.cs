using EmailFunctions.Spooling;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Spooling;

public sealed class SpoolTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Spools _spools;

    public SpoolTests() => _spools = Spools.In(() => Folder);

    private string Folder => _folder.Combine("spool");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(5_000, 7)]
    [InlineData(Spool.MaxMemoryBytes, 4_096)]
    [InlineData(Spool.MaxMemoryBytes + 1, 4_096)]
    [InlineData(1_000_000, 70_001)]
    public void What_was_written_is_read_wherever_it_lies(int size, int step)
    {
        using var spool = _spools.Create();
        var bytes = Bytes(size);
        foreach (var part in bytes.Chunk(step))
            spool.Append(part);

        Assert.Equal(size, spool.Length);
        Assert.Equal(bytes, Read(spool.Slice(0, size)));
        Assert.Equal(bytes[(size / 3)..(size / 2)], Read(spool.Slice(size / 3, (size / 2) - (size / 3))));
        Assert.Equal(bytes[(size / 2)..], Read(spool.Slice(size / 3, size - (size / 3)).Slice((size / 2) - (size / 3), size - (size / 2))));
    }

    [Fact]
    public void Little_stays_in_memory_and_needs_no_folder()
    {
        using var spool = _spools.Create();
        spool.Append(Bytes(Spool.MaxMemoryBytes));

        Assert.False(spool.IsFile);
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public void A_slice_from_before_the_move_to_a_file_reads_the_same_after()
    {
        using var spool = _spools.Create();
        var first = Bytes(1_000);
        spool.Append(first);
        var slice = spool.Slice(0, 1_000);
        using var open = slice.OpenRead();
        spool.Append(Bytes(Spool.MaxMemoryBytes));

        Assert.True(spool.IsFile);
        Assert.Equal(first, Read(slice));
        Assert.Equal(first, Read(open));
    }

    [Fact]
    public async Task Slices_are_read_at_once_and_can_be_sought()
    {
        using var spool = _spools.Create();
        var bytes = Bytes(300_000);
        await spool.AppendAsync(new MemoryStream(bytes), TestContext.Current.CancellationToken);
        using var one = spool.Slice(0, 150_000).OpenRead();
        using var other = spool.Slice(150_000, 150_000).OpenRead();

        one.Seek(-10, SeekOrigin.End);
        Assert.Equal(bytes[150_000..], Read(other));
        Assert.Equal(bytes[149_990..150_000], Read(one));
        other.Position = 5;
        Assert.Equal(bytes[150_005..], Read(other));
    }

    [Fact]
    public void A_slice_beyond_what_was_written_is_refused()
    {
        using var spool = _spools.Create();
        spool.Append(Bytes(10));

        Assert.Throws<ArgumentOutOfRangeException>(() => spool.Slice(5, 6));
        Assert.Throws<ArgumentOutOfRangeException>(() => spool.Slice(11, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => spool.Slice(5, 5).Slice(1, 5));
    }

    [Fact]
    public void Nothing_can_be_read_any_more_once_it_is_disposed_of()
    {
        var spool = _spools.Create();
        spool.Append(Bytes(100));
        using var stream = spool.Slice(0, 100).OpenRead();
        spool.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Read(stream));
        Assert.Throws<ObjectDisposedException>(() => spool.Append(Bytes(1)));
    }

    [Fact]
    public void A_file_has_no_name_while_it_is_used()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows keeps the name until the file is closed.");
        using var spool = _spools.Create();
        spool.Append(Bytes(1_000_000));

        Assert.True(spool.IsFile);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Folder));
    }

    [Fact]
    public void A_file_is_gone_with_its_spool()
    {
        using (var spool = _spools.Create())
            spool.Append(Bytes(1_000_000));

        Assert.Empty(Directory.EnumerateFileSystemEntries(Folder));
    }

    [Fact]
    public void The_folder_is_for_its_owner_only_and_what_a_killed_process_left_is_gone()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "spool-left"), "");
        using var spool = _spools.Create();
        spool.Append(Bytes(1_000_000));

        Assert.False(File.Exists(Path.Combine(Folder, "spool-left")));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_an_outage_of_the_store()
    {
        File.WriteAllText(_folder.Combine("file"), "");
        using var spool = Spools.In(() => Path.Combine(_folder.Combine("file"), "spool")).Create();

        Assert.Throws<StoreUnavailableException>(() => spool.Append(Bytes(1_000_000)));
    }

    [Fact]
    public void A_disk_without_room_is_an_outage_of_the_store()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has a device that is always full.");
        using var spool = new Spool(static () => new FileStream("/dev/full", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0));
        var first = Bytes(1_000);
        spool.Append(first);

        Assert.Throws<StoreUnavailableException>(() => spool.Append(Bytes(1_000_000)));
        Assert.Equal(first, Read(spool.Slice(0, 1_000)));
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Read(SpoolSlice slice)
    {
        using var stream = slice.OpenRead();
        Assert.Equal(slice.Length, stream.Length);
        return Read(stream);
    }

    private static byte[] Read(Stream stream)
    {
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
