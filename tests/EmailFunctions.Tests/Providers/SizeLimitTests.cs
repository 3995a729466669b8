using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Mime;
using EmailFunctions.Tests.Providers.Mime;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Providers;

public sealed class SizeLimitTests
{
    private static readonly MimeMeasure Measure = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ProviderType.File)]
    [InlineData(ProviderType.Smtp)]
    public async Task No_message_is_larger_than_its_bound(ProviderType type)
    {
        var requests = new HostileRequests(Proof.Seed);
        var settings = Settings(type) with { FromName = new string('ü', 100), ReplyTo = "reply@bücher.example" };
        for (var count = 0; count < Proof.Count(500, 100); count++)
        {
            var content = requests.Next() with { FromName = null };
            var size = await Measure.MeasureAsync(Email(content), settings, Cancellation);

            Assert.True(size <= SizeLimits.Bound(content), $"Seed {Proof.Seed}, message {count}: {size} bytes, bound {SizeLimits.Bound(content)}");
        }
    }

    [Theory]
    [InlineData("xxxxxxxxx ", 100_000)]
    [InlineData("ä", 100_000)]
    [InlineData("日本語", 50_000)]
    [InlineData("🎉\n", 50_000)]
    [InlineData("=\n", 100_000)]
    [InlineData("\n", 100_000)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaä", 2_000)]
    public async Task No_text_is_larger_than_its_bound(string text, int times)
    {
        var content = Content(0) with { Text = string.Concat(Enumerable.Repeat(text, times)), Html = string.Concat(Enumerable.Repeat(text, times)) };

        Assert.InRange(await Measure.MeasureAsync(Email(content), Settings(ProviderType.File), Cancellation), 0, SizeLimits.Bound(content));
    }

    [Fact]
    public async Task A_file_is_measured_as_it_is_sent()
    {
        var large = await Measure.MeasureAsync(Email(Content(3_000_000)), Settings(ProviderType.File), Cancellation);
        var small = await Measure.MeasureAsync(Email(Content(0)), Settings(ProviderType.File), Cancellation);

        // A line of 76 characters and its end for 57 bytes.
        Assert.InRange(large - small, 3_000_000L * 78 / 57, (3_000_000L * 78 / 57) + 80);
    }

    [Fact]
    public async Task A_message_is_too_large_from_the_first_byte_beyond_the_limit()
    {
        var size = await Measure.MeasureAsync(Email(Content(10_000)), Settings(ProviderType.File), Cancellation);

        Assert.Null(await Find(size));
        Assert.Equal(new SizeExcess(size, size - 1), await Find(size - 1));
        Assert.Null(await Find(null));

        async Task<SizeExcess?> Find(long? limit) => await Limits(limit, Measure).FindExcessAsync(Email(Content(10_000)), Settings(ProviderType.File), Cancellation);
    }

    [Fact]
    public async Task What_is_far_below_the_limit_is_not_measured()
    {
        Assert.Null(await Limits(30_000_000, new NoMeasure()).FindExcessAsync(Email(Content(10_000_000)), Settings(ProviderType.File), Cancellation));
    }

    // In lines that are short enough it goes as it is; else in base64 or quoted-printable, whichever the server's way is.
    [Theory]
    [InlineData("äääääääääääääääääääääääää\n", 60_000)]
    [InlineData("ä", 300_000)]
    public async Task Text_counts_in_its_shorter_form_where_a_server_may_take_eight_bits(string text, long most)
    {
        var content = Content(0) with { Text = string.Concat(Enumerable.Repeat(text, text.Length == 1 ? 100_000 : 1_000)) };

        var smtp = await Measure.MeasureAsync(Email(content), Settings(ProviderType.Smtp), Cancellation);

        Assert.InRange(smtp, 0, most);
        Assert.True(smtp <= await Measure.MeasureAsync(Email(content), Settings(ProviderType.File), Cancellation));
    }

    private static SizeLimits Limits(long? limit, IMessageMeasure measure) => new(new ProviderRegistry([new FakeProvider { MaxBytes = limit }]), measure);

    private static EmailContent Content(int fileBytes) => new()
    {
        To = ["r@example.com"],
        Subject = "s",
        Text = "t",
        Attachments = [new("a.bin", "application/octet-stream", null, FileContent.Of(new byte[fileBytes]))],
    };

    private static OutgoingEmail Email(EmailContent content)
    {
        var date = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
        return new OutgoingEmail(MessageId.New(DeliveryBench.Tenant, date), date, content);
    }

    private static ProviderSettings Settings(ProviderType type) => new() { Type = type, FromEmail = "a@example.com" };

    private sealed class NoMeasure : IMessageMeasure
    {
        public Task<long> MeasureAsync(OutgoingEmail email, ProviderSettings settings, CancellationToken cancellationToken) => throw new InvalidOperationException("It was measured.");
    }
}
