using EmailFunctions.Payloads;
using EmailFunctions.Payloads.Files;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Payloads;

public sealed class FilePayloadStoreTests : PayloadStoreContract, IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FilePayloadStore _store;

    public FilePayloadStoreTests() => _store = new FilePayloadStore(_folder.Combine("payloads"));

    protected override IPayloadStore Store => _store;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_payload_is_listed_once_its_time_has_passed()
    {
        var stored = new DateTimeOffset(2025, 1, 1, 12, 0, 0, TimeSpan.Zero);
        await PutAtAsync("a", stored.AddSeconds(-1));
        await PutAtAsync("b", stored);
        await PutAtAsync("c", stored.AddSeconds(1));

        Assert.Equal([Name("a")], await ListAsync(stored, Owner));
        Assert.Equal([Name("a"), Name("b")], (await ListAsync(stored.AddTicks(1), Owner)).OrderBy(static name => name.Id));
        Assert.Equal([Name("a")], await ListAsync(stored.ToOffset(TimeSpan.FromHours(5)), Owner));
    }

    [Fact]
    public async Task A_payload_survives_a_restart()
    {
        await Store.PutAsync(Name("a"), Content(10), Cancellation);

        var reopened = new FilePayloadStore(_folder.Combine("payloads"));

        await using var stream = await reopened.OpenAsync(Name("a"), Cancellation);
        Assert.Equal(10, stream!.Length);
    }

    [Fact]
    public async Task A_payload_may_be_deleted_while_it_is_read()
    {
        await Store.PutAsync(Name("a"), Content(100_000), Cancellation);
        await using var stream = await Store.OpenAsync(Name("a"), Cancellation);

        await Store.DeleteAsync(Name("a"), Cancellation);

        var read = new byte[100_000];
        await stream!.ReadExactlyAsync(read, Cancellation);
        Assert.Equal(Content(100_000), read);
    }

    [Fact]
    public async Task A_file_in_the_place_of_a_folder_makes_the_store_unavailable()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Combine("payloads"), Owner), "in the way", Cancellation);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.PutAsync(Name("a"), Content(1), Cancellation));
    }

    [Fact]
    public async Task Files_that_are_no_payloads_are_not_listed()
    {
        await Store.PutAsync(Name("a"), Content(1), Cancellation);
        var folder = Path.Combine(_folder.Combine("payloads"), Owner);
        await File.WriteAllTextAsync(Path.Combine(folder, ".DS_Store"), "", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(_folder.Combine("payloads"), "README.txt"), "", Cancellation);
        Directory.CreateDirectory(Path.Combine(_folder.Combine("payloads"), ".trash"));
        await File.WriteAllTextAsync(Path.Combine(_folder.Combine("payloads"), ".trash", "b"), "", Cancellation);

        Assert.Equal([Name("a")], await ListAsync(DateTimeOffset.MaxValue, Owner));
    }

    private async Task PutAtAsync(string id, DateTimeOffset stored)
    {
        await Store.PutAsync(Name(id), Content(1), Cancellation);
        File.SetLastWriteTimeUtc(Path.Combine(_folder.Combine("payloads"), Owner, id), stored.UtcDateTime);
    }
}
