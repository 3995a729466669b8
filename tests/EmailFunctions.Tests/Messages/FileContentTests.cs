using System.Text.Encodings.Web;
using EmailFunctions.Messages;
using EmailFunctions.Spooling;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Messages;

public sealed class FileContentTests
{
    [Fact]
    public void Joined_parts_are_read_one_after_the_other_in_reads_of_any_size()
    {
        byte[][] parts = [[1, 2, 3], [], Bytes(5_000), [], [4]];
        var all = parts.SelectMany(static part => part).ToArray();
        var joined = FileContent.Join([.. parts.Select(static part => FileContent.Of(part))]);

        Assert.Equal(all.Length, joined.Length);
        foreach (var step in new[] { 1, 2, 4_999, 10_000 })
            Assert.Equal(all, Read(joined, step));
    }

    [Fact]
    public void Translated_bytes_are_read_in_reads_of_any_size_and_can_be_sought()
    {
        var random = new Random(Proof.Seed);
        using var spools = new Texts();
        var text = Texts.Random(random, 60_000);
        var all = JavaScriptEncoder.Default.Encode(text).Select(static c => (byte)c).ToArray();
        var translated = FileContent.Of(spools.Spooled(text)).Translate(JavaScriptEncoder.Default.EncodeUtf8);

        Assert.Equal(all.Length, translated.Length);
        foreach (var step in new[] { 1, 7, 4_999, 200_000 })
            Assert.True(all.AsSpan().SequenceEqual(Read(translated, step)), $"Seed {Proof.Seed}, step {step}");
        using var stream = translated.OpenRead();
        for (var count = 0; count < 50; count++)
        {
            var place = random.Next(all.Length);
            stream.Position = place;
            Assert.Equal((all[place], place + 1), (stream.ReadByte(), stream.Position));
        }

        stream.Position = all.Length + 10;
        Assert.Equal(-1, stream.ReadByte());
        Assert.Equal(all.Length, stream.Seek(0, SeekOrigin.End));
        Assert.Equal(-1, stream.ReadByte());
    }

    [Fact]
    public void Joined_parts_can_be_sought()
    {
        var joined = FileContent.Join([FileContent.Of(new byte[] { 0, 1, 2 }), FileContent.Of(new byte[] { 3, 4 }), FileContent.Of(new byte[] { 5 })]);
        using var stream = joined.OpenRead();

        foreach (var place in new[] { 4, 0, 5, 2, 3, 1, 5 })
        {
            stream.Position = place;
            Assert.Equal(place, stream.ReadByte());
        }

        stream.Seek(0, SeekOrigin.End);
        Assert.Equal(-1, stream.ReadByte());
        stream.Seek(-2, SeekOrigin.End);
        Assert.Equal(4, stream.ReadByte());
        stream.Position = 100;
        Assert.Equal(-1, stream.ReadByte());
    }

    [Fact]
    public void Several_streams_of_one_content_do_not_disturb_each_other()
    {
        using var spool = Spools.InTemporaryFolder().Create();
        spool.Append(Bytes(200_000));
        var content = FileContent.Join([FileContent.Of(Bytes(10)), FileContent.Of(spool.Slice(0, 200_000))]);

        using var one = content.OpenRead();
        using var other = content.OpenRead();
        one.Position = 100_000;

        Assert.Equal(Bytes(10)[0], other.ReadByte());
        Assert.Equal(Bytes(200_000)[99_990], one.ReadByte());
    }

    [Fact]
    public void What_is_joined_of_nothing_is_empty()
    {
        Assert.Empty(FileContent.Join([]).ToArray());
        Assert.Empty(FileContent.Empty.ToArray());
    }

    private static byte[] Read(FileContent content, int step)
    {
        using var stream = content.OpenRead();
        var all = new List<byte>();
        var buffer = new byte[step];
        while (stream.Read(buffer) is > 0 and var read)
            all.AddRange(buffer.AsSpan(0, read));
        return [.. all];
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }
}
