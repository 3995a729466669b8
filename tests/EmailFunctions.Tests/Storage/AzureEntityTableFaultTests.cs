using System.Net;
using Azure.Data.Tables;
using EmailFunctions.Storage;
using EmailFunctions.Storage.AzureTables;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Storage;

/// <summary>What Azurite never does: be late, be busy, say no.</summary>
public sealed class AzureEntityTableFaultTests : IDisposable
{
    private const string NoRows = """{"value":[]}""";

    private static readonly EntityKey Key = new("partition", "row");

    private readonly ScriptedAzure _azure = new();
    private readonly AzureEntityTable _table;

    public AzureEntityTableFaultTests()
    {
        var options = AzureEntityTable.NewOptions();
        options.Transport = _azure.Transport;
        _table = new AzureEntityTable(new TableServiceClient(new Uri("https://account.table.core.windows.net"), new FakeCredential(), options), "mail");
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _azure.Dispose();

    public static TheoryData<string> Failures => ["lost", "late", "busy", "broken"];

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_write_that_fails_is_sent_once_since_it_may_have_taken_place(string failure)
    {
        _azure.Answer(FailureOf(failure));

        await Assert.ThrowsAsync<StoreUnavailableException>(WriteAsync);

        Assert.Single(_azure.Requests);
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_read_that_fails_is_sent_again(string failure)
    {
        _azure.Answer(FailureOf(failure), FailureOf(failure), ScriptedAzure.Json(NoRows));

        var page = await QueryAsync();

        Assert.Empty(page.Entities);
        Assert.Equal(3, _azure.Requests.Count);
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_read_that_keeps_failing_makes_the_store_unavailable(string failure)
    {
        _azure.Answer(FailureOf(failure));

        await Assert.ThrowsAsync<StoreUnavailableException>(() => _table.GetAsync(Key, Cancellation));
        await Assert.ThrowsAsync<StoreUnavailableException>(QueryAsync);

        Assert.Equal(6, _azure.Requests.Count);
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, "InvalidAuthenticationInfo")]
    [InlineData(HttpStatusCode.Forbidden, "AuthorizationPermissionMismatch")]
    public async Task A_refused_identity_is_told_which_role_it_needs_and_no_more(HttpStatusCode status, string code)
    {
        _azure.Answer(ScriptedAzure.Error(status, code));

        foreach (var call in new Func<Task>[] { WriteAsync, QueryAsync, () => _table.GetAsync(Key, Cancellation) })
        {
            var failure = await Assert.ThrowsAsync<StoreUnavailableException>(call);

            Assert.Contains($"{(int)status} {code}", failure.Message, StringComparison.Ordinal);
            Assert.Contains("Storage Table Data Contributor", failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(ScriptedAzure.SecretText, failure.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_batch_that_is_too_large_all_the_same_is_the_callers_mistake()
    {
        _azure.Answer(ScriptedAzure.Error(HttpStatusCode.RequestEntityTooLarge, "RequestBodyTooLarge"));

        await Assert.ThrowsAsync<EntityLimitException>(WriteAsync);
    }

    [Fact]
    public async Task A_table_that_can_not_be_made_makes_the_store_unavailable()
    {
        _azure.Answer(ScriptedAzure.Error(HttpStatusCode.NotFound, "TableNotFound"), ScriptedAzure.Error(HttpStatusCode.Conflict, "TableBeingDeleted"));

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(WriteAsync);

        Assert.Contains("TableBeingDeleted", failure.Message, StringComparison.Ordinal);
        Assert.Equal(2, _azure.Requests.Count);
    }

    // Azurite would take an unmarked 1 back as it was; Azure makes a 32-bit number of it.
    [Fact]
    public async Task A_number_is_sent_as_one_even_if_it_is_whole()
    {
        _azure.Answer(ScriptedAzure.Lost);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => _table.WriteAsync([EntityWrite.Put(new Entity(Key) { ["number"] = 1d })], Cancellation));

        Assert.Contains("\"number@odata.type\":\"Edm.Double\"", Assert.Single(_azure.Requests).Body, StringComparison.Ordinal);
    }

    private static Func<HttpRequestMessage, HttpResponseMessage> FailureOf(string name) => name switch
    {
        "lost" => ScriptedAzure.Lost,
        "late" => ScriptedAzure.TooLate,
        "busy" => ScriptedAzure.Error(HttpStatusCode.ServiceUnavailable, "ServerBusy"),
        _ => ScriptedAzure.Error(HttpStatusCode.InternalServerError, "OperationTimedOut"),
    };

    private Task WriteAsync() => _table.WriteAsync([EntityWrite.Insert(new Entity(Key))], Cancellation);

    private Task<EntityPage> QueryAsync() => _table.QueryAsync(EntityQuery.Prefix(Key.Partition, ""), Cancellation);
}
