using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using EmailFunctions.Storage.AzureCore;

namespace EmailFunctions.Storage.AzureTables;

/// <summary>The entity table in Azure Tables. It is made by the first write, so that a start needs no call.</summary>
/// <param name="service">Made with <see cref="NewOptions"/>.</param>
/// <param name="name">The table's name: 3 to 63 letters and digits, a letter first.</param>
internal sealed class AzureEntityTable(TableServiceClient service, string name) : IEntityTable
{
    private const int TooLarge = 413;
    private const int BadRequest = 400;

    private static readonly AzureService Service = new("table storage", "Storage Table Data Contributor");

    // The service gives up on a request of its own after 30 s; whoever waits for mail to be accepted does so before.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TableClient _table = service.GetTableClient(name);

    /// <summary>How a client must be made: it sends a write once.</summary>
    public static TableClientOptions NewOptions()
    {
        var options = new TableClientOptions { RetryPolicy = new ReadRetryPolicy() };
        options.Retry.NetworkTimeout = Patience;
        return options;
    }

    public Task<Entity?> GetAsync(EntityKey key, CancellationToken cancellationToken)
    {
        EntityLimits.ValidateKey(key);
        return Service.CallAsync(
            async () =>
            {
                // Without a table there is no entity either, and no error.
                var found = await _table.GetEntityIfExistsAsync<TableEntity>(key.Partition, key.Row, cancellationToken: cancellationToken);
                return found.HasValue ? TableEntityCodec.Decode(found.Value!) : null;
            },
            cancellationToken);
    }

    public Task<WriteResult> WriteAsync(IReadOnlyList<EntityWrite> writes, CancellationToken cancellationToken)
    {
        EntityLimits.Validate(writes);
        return Service.CallAsync(() => WriteOrMakeTableAsync([.. writes.Select(TableEntityCodec.Encode)], cancellationToken), cancellationToken);
    }

    public Task<EntityPage> QueryAsync(EntityQuery query, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.PageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.PageSize, EntityLimits.MaxPageSize);
        return Service.CallAsync(() => ReadPageAsync(query, cancellationToken), cancellationToken);
    }

    private async Task<EntityPage> ReadPageAsync(EntityQuery query, CancellationToken cancellationToken)
    {
        // The interpolated values are quoted by the SDK.
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {query.Partition} and RowKey ge {query.FromRow} and RowKey lt {query.ToRow}");
        try
        {
            await foreach (var page in _table.QueryAsync<TableEntity>(filter, query.PageSize, cancellationToken: cancellationToken).AsPages(query.Continuation))
                return new EntityPage([.. page.Values.Select(TableEntityCodec.Decode)], page.ContinuationToken);
        }
        catch (RequestFailedException failure) when (failure.ErrorCode == TableErrorCode.TableNotFound)
        {
            // Nothing was written yet.
        }

        return new EntityPage([], null);
    }

    private async Task<WriteResult> WriteOrMakeTableAsync(List<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        try
        {
            return await SubmitAsync(actions, cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.ErrorCode == TableErrorCode.TableNotFound)
        {
            await service.CreateTableIfNotExistsAsync(name, cancellationToken);
            return await SubmitAsync(actions, cancellationToken);
        }
    }

    // A single write, too: it is one request either way, and so there is one way to read answers and refusals.
    private async Task<WriteResult> SubmitAsync(List<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        try
        {
            var answers = (await _table.SubmitTransactionAsync(actions, cancellationToken)).Value;
            return WriteResult.Done([.. answers.Select(static answer => answer.Headers.ETag?.ToString() ?? "")]);
        }
        catch (TableTransactionFailedException failure) when (failure.FailedTransactionActionIndex is { } index && StatusOf(failure) is { } status)
        {
            return WriteResult.Refused(status, index);
        }
        catch (RequestFailedException failure) when (failure.Status is TooLarge or BadRequest)
        {
            // The limits are checked before, by estimate: how a text is escaped on the way is the SDK's affair. Trying again would not help.
            throw new EntityLimitException($"The table storage does not take a batch: {failure.ErrorCode}.");
        }
    }

    private static WriteStatus? StatusOf(RequestFailedException failure)
    {
        if (failure.ErrorCode == TableErrorCode.EntityAlreadyExists)
            return WriteStatus.Conflict;
        if (failure.ErrorCode == TableErrorCode.UpdateConditionNotSatisfied)
            return WriteStatus.Stale;
        return failure.ErrorCode == TableErrorCode.ResourceNotFound ? WriteStatus.Missing : null;
    }
}
