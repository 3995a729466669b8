using EmailFunctions.Tests.Support.Azurite;
using EmailFunctions.Tests.Support.Hosted;
using EmailFunctions.Tests.Support.KeyVault;

namespace EmailFunctions.Tests.Hosted;

/// <summary>
/// Runs these tests when no others run: beside them a claim may come later than its slot lasts, and the message costs another slot and
/// another minute.
/// </summary>
[CollectionDefinition(nameof(BudgetTests), DisableParallelization = true)]
public static class BudgetTestsAlone;

/// <summary>
/// What a mail costs, counted on requests that really leave: those that reach the table service, and on the broker's side what the
/// service sends and the host receives and completes. The table in docs/operations.md says the same.
/// </summary>
[Collection(nameof(BudgetTests))]
public sealed class BudgetTests(StagedApp staged, AzuriteFixture azurite)
{
    private const int Messages = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_mail_on_time_costs_four_table_transactions_three_queue_operations_and_no_call_of_the_vault()
    {
        await using var vault = await FakeVault.StartAsync(TimeProvider.System);
        vault.AddKey("email");
        await using var tokens = await TokenEndpoint.StartAsync(vault.Token);
        var settings = new Dictionary<string, string>(tokens.Settings) { ["EMAIL_KEY_VAULT_KEY"] = $"{vault.Address}/keys/email" };
        await using var app = await HostedApp.StartAsync(staged, (await azurite.GetAsync()).ConnectionString, new HostedOptions { Settings = settings });
        await app.ConfigureAsync("acme", ",\"rate_limit_per_minute\":1000");
        await DeliverAsync(app, 5);
        Assert.NotEmpty(vault.Calls);
        var (calls, asked) = (vault.Calls.Count, tokens.Calls);

        var cost = await MeasureAsync(app, () => DeliverAsync(app, Messages));

        Assert.True(cost.Transactions <= 4.0, $"{cost}\n{Describe(app)}");
        Assert.True(cost.QueueOperations <= 3.0, $"{cost}");
        Assert.Equal((calls, asked), (vault.Calls.Count, tokens.Calls));
        TestContext.Current.TestOutputHelper!.WriteLine($"On time, for each mail: {cost}");
    }

    [Fact]
    public async Task A_mail_beyond_the_limit_costs_seven_table_transactions_and_six_queue_operations()
    {
        await using var app = await HostedApp.StartAsync(staged, (await azurite.GetAsync()).ConnectionString);
        await app.ConfigureAsync("acme", $",\"rate_limit_per_minute\":{Messages}");
        await DeliverAsync(app, Messages);

        var cost = await MeasureAsync(app, () => DeliverAsync(app, Messages));

        Assert.True(cost.Transactions <= 7.0, $"{cost}\n{Describe(app)}");
        Assert.True(cost.QueueOperations <= 6.0, $"{cost}");
        TestContext.Current.TestOutputHelper!.WriteLine($"Beyond the limit, for each mail: {cost}");
    }

    // One after another, as mail of one tenant comes: those that come together share writes, and cost less.
    private static async Task DeliverAsync(HostedApp app, int count)
    {
        var (sent, completed) = (app.Sink.Messages.Count, app.Host.OperationsOf("email-dispatch").Completes);
        for (var number = 0; number < count; number++)
            await app.SendAsync("acme", $"Mail {sent + number}");
        await app.Sink.WaitForCountAsync(sent + count, TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
        // Not by asking the service, which would read the tables: each message ends with a completion of its last copy.
        await HostedApp.UntilAsync(
            () => Task.FromResult(app.Broker!.Queue("email-dispatch").Messages.Count == 0 && app.Host.OperationsOf("email-dispatch").Completes >= completed + count), Patience, app.Say);
    }

    private static async Task<Cost> MeasureAsync(HostedApp app, Func<Task> deliver)
    {
        app.Tables.Clear();
        var before = app.Broker!.Queue("email-dispatch").Counts.Operations;
        await deliver();
        return new Cost(app.Tables.Requests.Count / (double)Messages, (app.Broker.Queue("email-dispatch").Counts.Operations - before) / (double)Messages);
    }

    private static string Describe(HostedApp app) =>
        string.Join('\n', app.Tables.Requests.GroupBy(static request => $"{request.Method} {request.Target.Split('(', '?')[0]}").Select(static group => $"{group.Count()} x {group.Key}"));

    private sealed record Cost(double Transactions, double QueueOperations);
}
