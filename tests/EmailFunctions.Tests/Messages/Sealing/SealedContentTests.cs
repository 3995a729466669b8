using System.Security.Cryptography;
using System.Text;
using EmailFunctions.Messages;
using EmailFunctions.Messages.Sealing;

namespace EmailFunctions.Tests.Messages.Sealing;

public sealed class SealedContentTests
{
    private const int Segment = ObjectCipher.SegmentBytes;
    private const int First = Segment - ObjectCipher.HeaderBytes - 16;
    private const int Further = Segment - 16;

    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(static n => (byte)n)];
    private static readonly byte[] Identity = Encoding.UTF8.GetBytes("tenant\0message");

    /// <summary>Lengths around the ends of segments.</summary>
    public static TheoryData<int> Lengths => [1, 15, 16, First - 1, First, First + 1, First + Further - 1, First + Further, First + Further + 1, First + (3 * Further) + 7];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // Made by another implementation: in Python, by its package cryptography, after Tink's description of the format.
    [Theory]
    [InlineData(0, "6dcf13a154e228351a16c1737472f8cb36acaa8a4fe0a0bd9c9576d889b4aece")]
    [InlineData(5, "2eb886873d7412e56e9fef0db09caf2842068af6593f5ebdd37ce5bb799f5f7f")]
    [InlineData(65_480, "2131cd3236534efc4a47be6bcf225b51e82310facc87d3a49ccdf7a3c420d09a")]
    [InlineData(65_481, "f96ebb1aeac0ffb311fd9800bcc3f8da86743f405255a1d8380aa21f340e3f53")]
    [InlineData(131_000, "f3ce9f2a700631d695ba3fd2a75a5535d86825ad3388fc388163790281e33772")]
    [InlineData(150_000, "0f745dc84b3876616bd2ca14f5b018e6adf05f8067daf770458a252ff52271e4")]
    public void The_bytes_are_those_that_another_implementation_of_the_format_writes(int length, string sha256)
    {
        byte[] header = [40, .. Enumerable.Range(100, 32).Select(static n => (byte)n), .. Enumerable.Range(200, 7).Select(static n => (byte)n)];
        byte[] plain = [.. Enumerable.Range(0, length).Select(static n => (byte)((n * 7) + 3))];
        using var stream = new SealingStream(new MemoryStream(plain), length, new ObjectCipher(Key, header, Identity), header);

        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task A_content_is_read_as_it_was_however_long_it_is(int length)
    {
        var plain = Random(length);
        var stored = Seal(plain);

        Assert.Equal(stored.Length, ObjectCipher.SealedLength(length));
        Assert.Equal(length, ObjectCipher.PlainLength(stored.Length));
        Assert.Equal(plain, await OpenAsync(stored));
    }

    [Fact]
    public void Reading_again_from_any_place_gives_the_same_bytes()
    {
        var content = new SealedContent(FileContent.Of(Random(First + (2 * Further))), Key, Identity);
        var all = content.ToArray();
        using var stream = content.OpenRead();
        Span<byte> buffer = stackalloc byte[100];

        foreach (var place in (int[])[Segment - 50, 0, (2 * Segment) + 1, Segment, 39, 40, all.Length - 100, Segment - 1])
        {
            stream.Position = place;
            stream.ReadExactly(buffer);
            Assert.True(buffer.SequenceEqual(all.AsSpan(place, 100)), $"at {place}");
        }
    }

    [Fact]
    public void No_two_contents_are_encrypted_alike() =>
        Assert.NotEqual(Seal(new byte[100]), Seal(new byte[100]));

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task What_was_cut_short_or_lengthened_does_not_decrypt(int length)
    {
        var stored = Seal(Random(length));
        int[] ends = [0, 1, 39, 40, 55, 56, stored.Length - Segment, stored.Length - 17, stored.Length - 16, stored.Length - 1, Segment, 2 * Segment, 3 * Segment];
        foreach (var end in ends.Where(end => end >= 0 && end < stored.Length))
            await AssertDamagedAsync(stored[..end], $"cut at {end}");
        foreach (var more in (int[])[1, 16, 17, Segment])
            await AssertDamagedAsync([.. stored, .. new byte[more]], $"{more} more");
    }

    [Fact]
    public async Task Segments_that_change_places_or_come_from_elsewhere_do_not_decrypt()
    {
        var plain = Random(First + (3 * Further));
        var (stored, other) = (Seal(plain), Seal(plain));
        byte[] swapped = [.. stored[..Segment], .. stored[(2 * Segment)..(3 * Segment)], .. stored[Segment..(2 * Segment)], .. stored[(3 * Segment)..]];
        byte[] mixed = [.. stored[..Segment], .. other[Segment..(2 * Segment)], .. stored[(2 * Segment)..]];
        byte[] without = [.. stored[..Segment], .. stored[(2 * Segment)..]];

        await AssertDamagedAsync(swapped, "swapped");
        await AssertDamagedAsync(mixed, "mixed");
        await AssertDamagedAsync(without, "without one");
    }

    [Fact]
    public async Task A_bit_that_is_turned_over_anywhere_is_noticed()
    {
        var stored = Seal(Random(First + 200));
        foreach (var place in (int[])[0, 1, 32, 33, 39, 40, 1_000, Segment - 1, Segment, stored.Length - 1])
        {
            byte[] changed = [.. stored];
            changed[place] ^= 1;
            await AssertDamagedAsync(changed, $"at {place}");
        }
    }

    [Fact]
    public async Task Under_another_key_or_name_it_does_not_decrypt()
    {
        var stored = Seal(Random(100));
        byte[] key = [.. Key];
        key[^1]++;

        await Assert.ThrowsAsync<InvalidDataException>(() => OpenAsync(stored, key));
        await Assert.ThrowsAsync<InvalidDataException>(() => OpenAsync(stored, identity: Encoding.UTF8.GetBytes("tenant\0messag")));
    }

    [Fact]
    public async Task Nothing_of_a_damaged_segment_is_handed_out()
    {
        var plain = Random(First + Further);
        var stored = Seal(plain);
        stored[^1] ^= 1;
        await using var stream = new OpeningStream(new MemoryStream(stored), Key, Identity);
        var read = new byte[plain.Length];

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => stream.ReadExactlyAsync(read, Cancellation).AsTask());

        Assert.Equal(plain[..First], read[..First]);
        Assert.All(read[First..], static value => Assert.Equal(0, value));
        Assert.DoesNotContain("key", error.Message, StringComparison.Ordinal);
    }

    private static async Task AssertDamagedAsync(byte[] stored, string what)
    {
        var error = await Record.ExceptionAsync(() => OpenAsync(stored));
        Assert.True(error is InvalidDataException, $"{what}: {error?.GetType().Name ?? "decrypted"}");
    }

    private static byte[] Seal(byte[] plain) => new SealedContent(FileContent.Of(plain), Key, Identity).ToArray();

    private static async Task<byte[]> OpenAsync(byte[] stored, byte[]? key = null, byte[]? identity = null)
    {
        await using var stream = new OpeningStream(new MemoryStream(stored), key ?? Key, identity ?? Identity);
        using var plain = new MemoryStream();
        await stream.CopyToAsync(plain, Cancellation);
        return plain.ToArray();
    }

    private static byte[] Random(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
