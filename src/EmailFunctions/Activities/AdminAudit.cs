using System.Diagnostics;
using EmailFunctions.Problems;
using EmailFunctions.Storage;

namespace EmailFunctions.Activities;

/// <summary>
/// Writes down who did what. The row is there before the action begins, so a process that ends at any moment leaves none without; its outcome is
/// filled in before the answer. A row whose outcome is missing says <see cref="ActivityOutcomes.Unknown"/>.
/// </summary>
internal sealed partial class AdminAudit(IEntityTable table, TimeProvider time, ILogger<AdminAudit> logger)
{
    private const int MaxChanged = 4_000;
    private const int MaxDetail = 1_000;
    private const int MaxActor = 300;

    /// <summary>Does what is to be written down.</summary>
    /// <param name="deed">What it is; what <paramref name="act"/> fills in is written with its outcome.</param>
    /// <param name="act">Does it.</param>
    /// <param name="cancellationToken">Gives up before it is begun.</param>
    /// <exception cref="StoreUnavailableException">It can't be written down, and so was not done; or it failed itself.</exception>
    public async Task<T> RunAsync<T>(AdminDeed deed, Func<Task<T>> act, CancellationToken cancellationToken)
    {
        var row = RowOf(deed);
        await table.WriteAsync([.. row.ToWrites(EntityWrite.Insert)], cancellationToken);
        try
        {
            var result = await act();
            await EndAsync(row, deed, ActivityOutcomes.Done);
            return result;
        }
        catch (ProblemException refusal)
        {
            deed.Detail ??= FormattableString.Invariant($"{refusal.Problem.Status} {refusal.Problem.Kind}");
            await EndAsync(row, deed, ActivityOutcomes.Refused);
            throw;
        }
        catch (Exception exception) when (exception is not (StoreUnavailableException or OperationCanceledException))
        {
            await EndAsync(row, deed, ActivityOutcomes.Failed);
            throw;
        }
    }

    /// <summary>The same where there is nothing to answer.</summary>
    public Task RunAsync(AdminDeed deed, Func<Task> act, CancellationToken cancellationToken) => RunAsync(
        deed,
        async () =>
        {
            await act();
            return true;
        },
        cancellationToken);

    /// <summary>Writes down what is done already, or is about to be.</summary>
    /// <exception cref="StoreUnavailableException">It is not known to be written down.</exception>
    public async Task WriteAsync(AdminDeed deed, CancellationToken cancellationToken)
    {
        var row = RowOf(deed) with { Outcome = ActivityOutcomes.Done };
        await table.WriteAsync([.. row.ToWrites(EntityWrite.Insert), .. row.ToErasure()], cancellationToken);
    }

    // It was done, or not, whatever becomes of its outcome: the row from before stays, and says that nobody saw.
    private async Task EndAsync(ActivityRow begun, AdminDeed deed, string outcome)
    {
        try
        {
            var ended = Fill(begun, deed) with { Outcome = outcome };
            await table.WriteAsync([.. ended.ToWrites(static entity => EntityWrite.Replace(entity, etag: null))], CancellationToken.None);
        }
        catch (StoreUnavailableException exception)
        {
            OutcomeNotWritten(logger, exception, begun.Id, outcome);
        }
    }

    private ActivityRow RowOf(AdminDeed deed)
    {
        var now = time.GetUtcNow();
        var row = new ActivityRow(ActivityRow.NewId(now), now, Cut(deed.Actor, MaxActor)!, deed.Action, deed.Tenant, ActivityOutcomes.Unknown);
        return Fill(row, deed) with { TraceId = Activity.Current?.TraceId.ToString() };
    }

    private static ActivityRow Fill(ActivityRow row, AdminDeed deed) => row with
    {
        Action = deed.Action,
        Target = deed.Target,
        Changed = deed.Changed.Count == 0 ? null : Cut(string.Join(' ', deed.Changed.Order(StringComparer.Ordinal)), MaxChanged),
        Detail = Cut(deed.Detail, MaxDetail),
    };

    private static string? Cut(string? text, int length) => text?.Length > length ? text[..length] : text;

    [LoggerMessage(EventId = 640, Level = LogLevel.Warning, Message = "The outcome of the administrative action {ActivityId} could not be written down: {Outcome}.")]
    private static partial void OutcomeNotWritten(ILogger logger, Exception exception, string activityId, string outcome);
}
