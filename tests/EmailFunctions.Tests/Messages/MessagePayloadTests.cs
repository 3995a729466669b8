using System.Text;
using EmailFunctions.Keys;
using EmailFunctions.Keys.Local;
using EmailFunctions.Messages;
using EmailFunctions.Payloads;
using EmailFunctions.Payloads.Files;
using EmailFunctions.Spooling;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Messages;

public sealed class MessagePayloadTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly CountingStore _store;
    private readonly TempDatabase _database = new();
    private readonly LocalKeyWrapper _wrapper = new(new byte[LocalKeyWrapper.KeyBytes]);
    private readonly DataKeyCache _dataKeys;
    private readonly StoredKeys _stored;
    private readonly ContentKeys _keys;
    private readonly MessagePayloads _payloads;

    public MessagePayloadTests()
    {
        _store = new CountingStore(new FilePayloadStore(_folder.Combine("payloads")));
        _dataKeys = new DataKeyCache(_wrapper, TimeProvider.System);
        _stored = new StoredKeys(new SqliteEntityTable(_database.Database), _dataKeys, TimeProvider.System);
        _keys = new ContentKeys(_stored);
        _payloads = new MessagePayloads(_store, _keys, Spools.In(() => _folder.Combine("spool")));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _stored.Dispose();
        _dataKeys.Dispose();
        _wrapper.Dispose();
        _database.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(40_000, false)]
    [InlineData(MessagePayloads.MaxRowBytes, true)]
    [InlineData(65_000, true)]
    [InlineData(131_000, true)]
    [InlineData(300_000, true)]
    public async Task A_content_is_read_as_it_was_attached(int fileBytes, bool isStored)
    {
        var content = Content(fileBytes);
        var entry = await _payloads.AttachAsync(NewEntry(), ContentCodec.Encode(content), Cancellation);

        using var read = await _payloads.ReadAsync(entry, Cancellation);

        Assert.Equal(isStored, entry.PayloadStored);
        Assert.Equal(content.To, read.Content.To);
        Assert.Equal(content.Subject, read.Content.Subject);
        Assert.Equal(content.Attachments.Select(Describe), read.Content.Attachments.Select(Describe));
        Assert.Equal(content.Attachments.Select(static a => a.Content.ToArray()), read.Content.Attachments.Select(static a => a.Content.ToArray()));
    }

    [Fact]
    public async Task A_stored_content_is_opened_once_however_often_it_is_read_after()
    {
        var entry = await _payloads.AttachAsync(NewEntry(), ContentCodec.Encode(Content(300_000)), Cancellation);

        using var read = await _payloads.ReadAsync(entry, Cancellation);
        for (var pass = 0; pass < 3; pass++)
            Assert.Equal(300_000, read.Content.Attachments[0].Content.ToArray().Length);

        Assert.Equal(1, _store.Opened);
    }

    [Fact]
    public async Task What_was_spooled_for_reading_is_gone_with_the_content_and_the_rest_of_it_stays()
    {
        var entry = await _payloads.AttachAsync(NewEntry(), ContentCodec.Encode(Content(300_000)), Cancellation);
        var read = await _payloads.ReadAsync(entry, Cancellation);
        read.Dispose();

        Assert.Throws<ObjectDisposedException>(() => read.Content.Attachments[0].Content.ToArray());
        Assert.Equal(["r@example.com"], read.Content.Recipients);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(300_000)]
    public async Task The_head_is_read_without_the_files(int fileBytes)
    {
        var entry = await _payloads.AttachAsync(NewEntry(), ContentCodec.Encode(Content(fileBytes)), Cancellation);

        var head = await _payloads.TryReadHeadAsync(entry, Cancellation);

        Assert.Equal(["r@example.com"], head!.Recipients);
        Assert.InRange(_store.BytesRead, 0, 100_000);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(100)]
    [InlineData(200_000)]
    public async Task A_content_that_was_cut_short_is_damaged(int left)
    {
        var entry = await _payloads.AttachAsync(NewEntry(), ContentCodec.Encode(Content(300_000)), Cancellation);
        var file = Assert.Single(Directory.GetFiles(_folder.Combine("payloads"), "*", SearchOption.AllDirectories));
        using (var stream = File.OpenWrite(file))
            stream.SetLength(left);

        await Assert.ThrowsAsync<InvalidDataException>(() => _payloads.ReadAsync(entry, Cancellation));
    }

    [Fact]
    public async Task A_content_that_is_gone_has_no_head()
    {
        var entry = await _payloads.AttachAsync(NewEntry(), ContentCodec.Encode(Content(300_000)), Cancellation);
        await _payloads.RemoveAsync(entry, Cancellation);

        Assert.Null(await _payloads.TryReadHeadAsync(entry, Cancellation));
        await Assert.ThrowsAsync<InvalidDataException>(() => _payloads.ReadAsync(entry, Cancellation));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(300_000)]
    public async Task What_is_stored_says_nothing_of_the_content(int fileBytes)
    {
        var entry = await _payloads.AttachAsync(NewEntry(), ContentCodec.Encode(Content(fileBytes)), Cancellation);

        var stored = entry.Payload ?? await File.ReadAllBytesAsync(Assert.Single(Stored()), Cancellation);

        Assert.All(["r@example.com", "a.bin", "subject"], text => Assert.Equal(-1, stored.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text))));
        Assert.Equal(-1, stored.AsSpan().IndexOf(Bytes(fileBytes).AsSpan(0, 10)));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(300_000)]
    public async Task A_content_of_another_message_or_tenant_or_kind_does_not_decrypt(int fileBytes)
    {
        var entry = await _payloads.AttachAsync(NewEntry(), ContentCodec.Encode(Content(fileBytes)), Cancellation);
        var other = await _payloads.AttachAsync(NewEntry(), ContentCodec.Encode(Content(fileBytes)), Cancellation);
        var foreign = await _payloads.AttachAsync(NewEntry("bravo"), ContentCodec.Encode(Content(fileBytes)), Cancellation);
        var files = Directory.Exists(_folder.Combine("payloads")) ? Stored().ToDictionary(static path => Path.GetFileName(path)) : [];

        foreach (var elsewhere in (LedgerEntry[])[other, foreign, foreign with { SealedUnder = entry.SealedUnder }])
        {
            if (entry.PayloadStored)
                File.Copy(files[entry.Id.Unique], files[elsewhere.Id.Unique], overwrite: true);
            await Assert.ThrowsAsync<InvalidDataException>(() => _payloads.ReadAsync(elsewhere with { Payload = entry.Payload }, Cancellation));
        }

        await Assert.ThrowsAsync<InvalidDataException>(() => _payloads.ReadAsync(entry with { ParkedAs = "" }, Cancellation));
        using var own = await _payloads.ReadAsync(entry, Cancellation);
        Assert.Equal(["r@example.com"], own.Content.Recipients);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(300_000)]
    public async Task What_an_earlier_version_stored_in_clear_is_read_as_it_is(int fileBytes)
    {
        var encoded = ContentCodec.Encode(Content(fileBytes));
        var entry = NewEntry() with { PayloadStored = fileBytes > MessagePayloads.MaxRowBytes, Payload = fileBytes > MessagePayloads.MaxRowBytes ? null : encoded.ToArray() };
        await using var stream = encoded.OpenRead();
        if (entry.PayloadStored)
            await _store.PutAsync(new PayloadName(entry.Id.Tenant.Partition, entry.Id.Unique), stream, Cancellation);

        using var read = await _payloads.ReadAsync(entry, Cancellation);

        Assert.Equal(fileBytes, read.Content.Attachments[0].Content.Length);
        Assert.Equal(["r@example.com"], (await _payloads.TryReadHeadAsync(entry, Cancellation))!.Recipients);
        Assert.Equal(encoded.ToArray(), (await _payloads.ReadBytesAsync(entry, Cancellation)).ToArray());
    }

    [Fact]
    public async Task Once_its_tenants_key_is_dropped_a_content_is_gone_and_those_of_others_are_not()
    {
        var entry = await _payloads.AttachAsync(NewEntry(), ContentCodec.Encode(Content(10)), Cancellation);
        var foreign = await _payloads.AttachAsync(NewEntry("bravo"), ContentCodec.Encode(Content(10)), Cancellation);

        await _keys.DropAsync(entry.Id.Tenant, Cancellation);

        await Assert.ThrowsAsync<InvalidDataException>(() => _payloads.ReadAsync(entry, Cancellation));
        Assert.Null(await _payloads.TryReadHeadAsync(entry, Cancellation));
        using var read = await _payloads.ReadAsync(foreign, Cancellation);
        var fresh = await _payloads.AttachAsync(NewEntry(), ContentCodec.Encode(Content(10)), Cancellation);
        using var readFresh = await _payloads.ReadAsync(fresh, Cancellation);
        Assert.NotEqual(entry.SealedUnder, fresh.SealedUnder);
    }

    private string[] Stored() => Directory.GetFiles(_folder.Combine("payloads"), "*", SearchOption.AllDirectories);

    private static (string, string, string?, long) Describe(EmailAttachment attachment) =>
        (attachment.FileName, attachment.ContentType, attachment.ContentId, attachment.Content.Length);

    private static EmailContent Content(int fileBytes) => new()
    {
        To = ["r@example.com"],
        Subject = "subject",
        Text = "t",
        Attachments =
        [
            new("a.bin", "application/octet-stream", null, FileContent.Of(Bytes(fileBytes))),
            new("empty", "text/plain", null, FileContent.Empty),
            new("b.png", "image/png", "b", FileContent.Of(Bytes(7))),
        ],
    };

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static LedgerEntry NewEntry(string name = "acme") => new()
    {
        Id = MessageId.New(TenantId.TryParse(name, out var tenant) ? tenant : TenantId.System, TimeProvider.System.GetUtcNow()),
        Status = MessageStatus.Queued,
        CreatedAt = default,
        ArrivedAt = default,
        UpdatedAt = default,
        RecipientCount = 1,
        History = [],
    };

    private sealed class CountingStore(IPayloadStore store) : IPayloadStore
    {
        public int Opened { get; private set; }

        public long BytesRead { get; private set; }

        public Task PutAsync(PayloadName name, Stream content, CancellationToken cancellationToken) => store.PutAsync(name, content, cancellationToken);

        public async Task<Stream?> OpenAsync(PayloadName name, CancellationToken cancellationToken)
        {
            Opened++;
            return await store.OpenAsync(name, cancellationToken) is { } stream ? new Counted(stream, read => BytesRead += read) : null;
        }

        public Task DeleteAsync(PayloadName name, CancellationToken cancellationToken) => store.DeleteAsync(name, cancellationToken);

        public IAsyncEnumerable<PayloadName> ListAsync(DateTimeOffset before, CancellationToken cancellationToken) => store.ListAsync(before, cancellationToken);
    }

    private sealed class Counted(Stream stream, Action<int> count) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => stream.Length;

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A payload is read asynchronously.");

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await stream.ReadAsync(buffer, cancellationToken);
            count(read);
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                stream.Dispose();
            base.Dispose(disposing);
        }
    }
}
