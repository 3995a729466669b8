using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EmailFunctions.Queueing;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Infra;

/// <summary>What the resources are like, as far as the service's promises rest on it.</summary>
public sealed partial class ResourceTests
{
    [Fact]
    public async Task The_queues_are_those_of_the_service_and_lose_nothing_by_themselves()
    {
        var queues = (await Deployment.PredictAsync()).OfType("Microsoft.ServiceBus/namespaces/queues").ToList();

        Assert.Equal(new[] { QueueNames.Dispatch, QueueNames.Ingest }, queues.Select(static queue => Deployment.NameOf(queue).Split('/')[1]).Order(StringComparer.Ordinal));
        foreach (var properties in queues.Select(Deployment.PropertiesOf))
        {
            Assert.Equal("PT5M", properties["lockDuration"]!.GetValue<string>());
            Assert.Equal(10, properties["maxDeliveryCount"]!.GetValue<int>());
            Assert.True(properties["deadLetteringOnMessageExpiration"]!.GetValue<bool>());
            Assert.False(properties["requiresDuplicateDetection"]!.GetValue<bool>());
            Assert.Null(properties["defaultMessageTimeToLive"]);
        }
    }

    [Fact]
    public async Task Table_and_container_are_those_that_the_service_opens()
    {
        var deployment = await Deployment.PredictAsync();
        var opened = Repository.Read("src/EmailFunctions/Composition/AzureComposition.cs");

        var table = Deployment.NameOf(deployment.Single("Microsoft.Storage/storageAccounts/tableServices/tables")).Split('/')[^1];
        Assert.Contains($"TableName = \"{table}\"", opened, StringComparison.Ordinal);
        var containers = deployment.OfType("Microsoft.Storage/storageAccounts/blobServices/containers").Select(static container => Deployment.NameOf(container).Split('/')[^1]);
        Assert.Contains(containers, container => opened.Contains($"PayloadContainer = \"{container}\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_resource_takes_a_shared_key()
    {
        var deployment = await Deployment.PredictAsync();

        var storage = Deployment.PropertiesOf(deployment.Single("Microsoft.Storage/storageAccounts"));
        Assert.False(storage["allowSharedKeyAccess"]!.GetValue<bool>());
        Assert.False(storage["allowBlobPublicAccess"]!.GetValue<bool>());
        Assert.True(Deployment.PropertiesOf(deployment.Single("Microsoft.ServiceBus/namespaces"))["disableLocalAuth"]!.GetValue<bool>());
        Assert.True(Deployment.PropertiesOf(deployment.Single("Microsoft.Insights/components"))["DisableLocalAuth"]!.GetValue<bool>());
        Assert.All(
            deployment.OfType("Microsoft.Web/sites/basicPublishingCredentialsPolicies"),
            static policy => Assert.False(Deployment.PropertiesOf(policy)["allow"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task The_template_asks_Azure_for_no_key()
    {
        var template = (await Bicep.BuildAsync()).Output;

        Assert.Contains("Microsoft.Storage/storageAccounts", template, StringComparison.Ordinal);
        Assert.DoesNotMatch(AsksForKey(), template);
    }

    [Fact]
    public async Task The_key_can_t_be_lost_and_is_good_for_wrapping_alone()
    {
        var deployment = await Deployment.PredictAsync();

        var vault = Deployment.PropertiesOf(deployment.Single("Microsoft.KeyVault/vaults"));
        Assert.True(vault["enablePurgeProtection"]!.GetValue<bool>());
        Assert.True(vault["enableRbacAuthorization"]!.GetValue<bool>());
        var key = Deployment.PropertiesOf(deployment.Single("Microsoft.KeyVault/vaults/keys"));
        Assert.Equal(("RSA", 2048), (key["kty"]!.GetValue<string>(), key["keySize"]!.GetValue<int>()));
        Assert.Equal(["wrapKey", "unwrapKey"], key["keyOps"]!.AsArray().Select(static operation => operation!.GetValue<string>()));
        Assert.Contains(key["rotationPolicy"]!["lifetimeActions"]!.AsArray(), static action => action!["action"]!["type"]!.GetValue<string>() == "rotate");
    }

    [Fact]
    public async Task Azure_keeps_no_copy_of_a_payload_that_was_deleted()
    {
        var blobs = Deployment.PropertiesOf((await Deployment.PredictAsync()).Single("Microsoft.Storage/storageAccounts/blobServices"));

        Assert.False(blobs["deleteRetentionPolicy"]!["enabled"]!.GetValue<bool>());
        Assert.False(blobs["containerDeleteRetentionPolicy"]!["enabled"]!.GetValue<bool>());
    }

    [Fact]
    public async Task The_app_runs_a_custom_handler_over_TLS_alone_where_azd_finds_it()
    {
        var app = (await Deployment.PredictAsync()).Single("Microsoft.Web/sites");
        var properties = Deployment.PropertiesOf(app);

        Assert.Equal("email", app["tags"]!["azd-service-name"]!.GetValue<string>());
        Assert.True(properties["httpsOnly"]!.GetValue<bool>());
        var runtime = properties["functionAppConfig"]!["runtime"]!;
        Assert.Equal(("custom", "1.0"), (runtime["name"]!.GetValue<string>(), runtime["version"]!.GetValue<string>()));
        Assert.Equal("UserAssigned", app["identity"]!["type"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("param alertEmail = 'operator@example.com'", 1)]
    public async Task Dead_letters_that_stay_raise_an_alert_and_tell_somebody_where_there_is_one(string parameter, int people)
    {
        var deployment = await Deployment.PredictAsync(more: parameter);

        var alert = Deployment.PropertiesOf(deployment.OfType("Microsoft.Insights/metricAlerts").Single(static alert => Deployment.NameOf(alert).StartsWith("dead-letters-", StringComparison.Ordinal)));
        var criterion = alert["criteria"]!["allOf"]!.AsArray().Single()!;
        Assert.Equal("DeadletteredMessages", criterion["metricName"]!.GetValue<string>());
        Assert.Equal(("GreaterThan", 0), (criterion["operator"]!.GetValue<string>(), criterion["threshold"]!.GetValue<int>()));
        Assert.Equal(people, alert["actions"]!.AsArray().Count);
        Assert.Equal(people, deployment.OfType("Microsoft.Insights/actionGroups").Count());
    }

    [Fact]
    public async Task A_vault_that_an_environment_left_behind_can_be_taken_back()
    {
        var deployment = await Deployment.PredictAsync(more: "param recoverKeyVault = true");

        Assert.Equal("recover", Deployment.PropertiesOf(deployment.Single("Microsoft.KeyVault/vaults"))["createMode"]!.GetValue<string>());
    }

    [GeneratedRegex(@"\blist[A-Z]?[a-zA-Z]*\(|SharedAccessKey|AccountKey=|primaryKey", RegexOptions.IgnoreCase)]
    private static partial Regex AsksForKey();
}
