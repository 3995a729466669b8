using System.Text.RegularExpressions;

namespace EmailFunctions.Tests.Infra;

/// <summary>
/// Names are valid in Azure and unique in the world, whatever an environment is called. azd takes up to 64 of letters, digits,
/// hyphens, dots, underscores and brackets.
/// </summary>
public sealed partial class NameTests
{
    /// <summary>By type, the rule of learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules.</summary>
    private static readonly Dictionary<string, string> Rules = new()
    {
        ["Microsoft.Resources/resourceGroups"] = @"^[a-zA-Z0-9_().-]{0,89}[a-zA-Z0-9_()-]$",
        ["Microsoft.ManagedIdentity/userAssignedIdentities"] = @"^[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$",
        ["Microsoft.OperationalInsights/workspaces"] = @"^[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]$",
        ["Microsoft.Insights/components"] = @"^[a-zA-Z0-9_.()-]{0,259}[a-zA-Z0-9_()-]$",
        ["Microsoft.Insights/actionGroups"] = @"^[a-zA-Z0-9_-]{1,260}$",
        ["Microsoft.Insights/metricAlerts"] = @"^[a-zA-Z0-9_-]{1,260}$",
        ["Microsoft.Insights/scheduledQueryRules"] = @"^[a-zA-Z0-9_-]{1,260}$",
        ["Microsoft.Insights/workbooks"] = @"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        ["Microsoft.Storage/storageAccounts"] = @"^[a-z0-9]{3,24}$",
        ["Microsoft.Storage/storageAccounts/blobServices/containers"] = @"^[a-z0-9]+/default/[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$",
        ["Microsoft.Storage/storageAccounts/tableServices/tables"] = @"^[a-z0-9]+/default/[a-zA-Z][a-zA-Z0-9]{2,62}$",
        ["Microsoft.ServiceBus/namespaces"] = @"^(?!.*-(sb|mgmt)$)[a-zA-Z][a-zA-Z0-9-]{4,48}[a-zA-Z0-9]$",
        ["Microsoft.ServiceBus/namespaces/queues"] = @"^[^/]+/[a-zA-Z0-9][a-zA-Z0-9._-]{0,258}[a-zA-Z0-9]$",
        ["Microsoft.KeyVault/vaults"] = @"^[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$",
        ["Microsoft.KeyVault/vaults/keys"] = @"^[^/]+/[a-zA-Z0-9-]{1,127}$",
        ["Microsoft.Web/serverfarms"] = @"^[a-zA-Z0-9-]{1,40}$",
        // Beyond 32 the Functions host cuts its own id, which two apps on one account must not share.
        ["Microsoft.Web/sites"] = @"^[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$",
        ["Microsoft.Authorization/roleAssignments"] = @"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        ["Microsoft.Insights/diagnosticSettings"] = "^workspace$",
        ["Microsoft.Storage/storageAccounts/blobServices"] = "/default$",
        ["Microsoft.Storage/storageAccounts/tableServices"] = "/default$",
        ["Microsoft.Web/sites/basicPublishingCredentialsPolicies"] = "/(scm|ftp)$",
        ["Microsoft.Web/sites/config"] = "/appsettings$",
    };

    [Theory]
    [InlineData("-")]
    [InlineData("...")]
    [InlineData("Prod.Team-(A)_weird..")]
    [InlineData("windows.microsoft.login.azure")]
    [InlineData("((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((()")]
    public async Task Every_name_is_valid_in_any_environment(string environment)
    {
        var deployment = await Deployment.PredictAsync(environment, more: "param alertEmail = 'operator@example.com'");

        foreach (var resource in deployment.Resources)
        {
            var type = Deployment.TypeOf(resource);
            Assert.True(Rules.TryGetValue(type, out var rule), $"No rule is known for names of {type}.");
            Assert.Matches(rule, Deployment.NameOf(resource));
        }

        Assert.Empty(Rules.Keys.Except(deployment.Resources.Select(Deployment.TypeOf)));
    }

    [Fact]
    public async Task Names_differ_between_environments_and_subscriptions()
    {
        var names = new[]
        {
            await GlobalNamesAsync("prod"),
            await GlobalNamesAsync("prod2"),
            await GlobalNamesAsync("prod", "00000000-0000-0000-0000-000000000009"),
        };

        Assert.All(names, static own => Assert.Equal(4, own.Count));
        Assert.Equal(12, names.SelectMany(static own => own).Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Fact]
    public async Task Names_don_t_depend_on_the_case_of_the_environments_name_as_groups_don_t() =>
        Assert.Equal(await GlobalNamesAsync("prod"), await GlobalNamesAsync("PROD"));

    [Fact]
    public async Task Everything_is_tagged_with_its_environment()
    {
        var deployment = await Deployment.PredictAsync("Prod.1", more: "param tags = { team: 'mail' }");

        foreach (var resource in deployment.Resources.Where(static resource => resource["location"] is not null))
        {
            Assert.Equal("Prod.1", resource["tags"]?["azd-env-name"]?.GetValue<string>());
            Assert.Equal("mail", resource["tags"]?["team"]?.GetValue<string>());
        }
    }

    // Those that share one name space with all of Azure.
    private static async Task<IReadOnlyList<string>> GlobalNamesAsync(string environment, string subscription = Deployment.Subscription)
    {
        var deployment = await Deployment.PredictAsync(environment, subscription);
        return [.. deployment.Resources.Where(static resource => Global().IsMatch(Deployment.TypeOf(resource))).Select(Deployment.NameOf)];
    }

    [GeneratedRegex("/(storageAccounts|namespaces|vaults|sites)$")]
    private static partial Regex Global();
}
