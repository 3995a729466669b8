using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EmailFunctions.Functions;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Infra;

/// <summary>The app's settings: each is read by somebody, and none by name is wrong.</summary>
public sealed partial class AppSettingTests
{
    private const string TwinSetting = "AzureWebJobs.";

    /// <summary>Settings that the host or a library reads, not the service.</summary>
    private static readonly Dictionary<string, string> Others = new()
    {
        ["AzureWebJobsStorage__accountName"] = "the host; and the service",
        ["AzureWebJobsStorage__credential"] = "the host",
        ["AzureWebJobsStorage__clientId"] = "the host",
        ["ServiceBus__fullyQualifiedNamespace"] = "the host's Service Bus extension; and the service",
        ["ServiceBus__credential"] = "the host's Service Bus extension",
        ["ServiceBus__clientId"] = "the host's Service Bus extension",
        ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "the host's telemetry",
        ["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] = "the host's telemetry",
        ["AZURE_CLIENT_ID"] = "DefaultAzureCredential",
        ["AZURE_TOKEN_CREDENTIALS"] = "DefaultAzureCredential",
    };

    [Fact]
    public async Task A_setting_of_the_service_is_read_by_it_and_described()
    {
        var read = string.Concat(Directory.EnumerateFiles(Repository.PathOf("src/EmailFunctions/Settings"), "*.cs").Select(File.ReadAllText));
        var described = Repository.Read("docs/settings.md");

        var own = (await SettingsAsync()).Keys.Where(static name => name.StartsWith("EMAIL_", StringComparison.Ordinal)).ToList();

        Assert.Contains("EMAIL_MODE", own);
        Assert.All(own, name => Assert.Contains($"\"{name}\"", read, StringComparison.Ordinal));
        Assert.All(own, name => Assert.Contains($"`{name}`", described, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_other_setting_is_one_of_Azures_own() =>
        Assert.Equal(
            Others.Keys.Order(StringComparer.Ordinal),
            (await SettingsAsync()).Keys.Where(static name => !name.StartsWith("EMAIL_", StringComparison.Ordinal) && !name.StartsWith(TwinSetting, StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    [Fact]
    public async Task The_service_runs_in_Azure_on_Service_Bus_and_wants_tokens()
    {
        var settings = await SettingsAsync();

        Assert.Equal("'azure'", settings["EMAIL_MODE"]);
        Assert.Equal("'servicebus'", settings["EMAIL_QUEUE"]);
        Assert.Equal("'required'", settings["EMAIL_AUTH"]);
        Assert.Equal("'6d9b1c2e-0f63-4a7b-9a55-3c1f0f1a2b3c'", settings["EMAIL_AUTH_AUDIENCE"]);
        Assert.Equal("format('{0}{1}/v2.0', environment().authentication.loginEndpoint, '00000000-0000-0000-0000-000000000002')", settings["EMAIL_AUTH_AUTHORITY"]);
        Assert.Equal("'ManagedIdentityCredential'", settings["AZURE_TOKEN_CREDENTIALS"]);
    }

    [Fact]
    public async Task Exactly_the_functions_on_the_storage_accounts_queues_are_disabled()
    {
        await using var service = ServiceHost.Start();
        var twins = service.Services.GetRequiredService<TriggerCatalog>().Functions.Where(static function => function.Trigger is StorageQueueTrigger);

        var disabled = (await SettingsAsync()).Where(static setting => setting.Key.StartsWith(TwinSetting, StringComparison.Ordinal)).ToList();

        Assert.Equal(twins.Select(static function => $"{TwinSetting}{function.Name}.Disabled").Order(StringComparer.Ordinal), disabled.Select(static setting => setting.Key).Order(StringComparer.Ordinal));
        Assert.All(disabled, static setting => Assert.Equal("'true'", setting.Value));
    }

    [Fact]
    public async Task Settings_that_an_operator_adds_don_t_replace_those_of_the_resources()
    {
        var properties = await ExpressionAsync("param settings = { EMAIL_FROM_EMAIL: 'no-reply@example.com', EMAIL_MODE: 'local' }");

        // Of equal names, union takes the last.
        Assert.StartsWith("[union(parameters('settings'), createObject(", properties, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_set_by_the_plan_itself_or_breaks_it_is_not_set() =>
        Assert.DoesNotMatch(
            BreaksFlex(), string.Concat(Repository.Files("infra", ".bicep").Select(Repository.Read)));

    // The values are expressions, since most of them come from Azure.
    private static async Task<Dictionary<string, string>> SettingsAsync()
    {
        var expression = await ExpressionAsync("");
        return Regex.Matches(expression, @"createObject\((?<arguments>(?>[^()']+|'[^']*'|(?<open>\()|(?<-open>\)))*)\)")
            .SelectMany(static call => Pairs(call.Groups["arguments"].Value)).ToDictionary();
    }

    private static async Task<string> ExpressionAsync(string more) =>
        Deployment.PropertiesOf((await Deployment.PredictAsync(more: more)).Single("Microsoft.Web/sites/config")).GetValue<string>();

    private static IEnumerable<KeyValuePair<string, string>> Pairs(string arguments)
    {
        var parts = Argument().Matches(arguments).Select(static part => part.Value.Trim()).ToList();
        return parts.Chunk(2).Select(static pair => KeyValuePair.Create(pair[0].Trim('\''), pair[1]));
    }

    // Up to a comma that is in no bracket and no text.
    [GeneratedRegex(@"(?>[^(),']+|'[^']*'|\((?>[^()']+|'[^']*'|(?<open>\()|(?<-open>\)))*\))+")]
    private static partial Regex Argument();

    [GeneratedRegex("FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|WEBSITE_RUN_FROM_PACKAGE")]
    private static partial Regex BreaksFlex();
}
