using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Infra;

/// <summary>Who may do what in Azure: exactly what the code needs.</summary>
public sealed class RoleTests
{
    private const string Service = "the service";
    private const string Producer = "a producer";

    private static readonly Dictionary<string, string> RoleNames = new()
    {
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
        ["4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"] = "Azure Service Bus Data Receiver",
        ["69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"] = "Azure Service Bus Data Sender",
        ["e147488a-f6f5-4113-8e2d-b22465e65bf6"] = "Key Vault Crypto Service Encryption User",
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
    };

    /// <summary>Each role, on what, and a file with a text in it that needs the role. A role that nothing needs has no place here.</summary>
    private static readonly Need[] Needs =
    [
        new(Service, "Storage Blob Data Owner", "storageAccounts", "infra/modules/storage.bicep", "src/EmailFunctions/Functions/TriggerFunction.cs", "record TimerTrigger"),
        new(Service, "Storage Blob Data Owner", "storageAccounts", "infra/modules/storage.bicep", "src/EmailFunctions/Payloads/Blobs/BlobPayloadStore.cs", "BlobContainerClient"),
        new(Service, "Storage Table Data Contributor", "tables/emailfunctions", "infra/modules/storage.bicep", "src/EmailFunctions/Storage/AzureTables/AzureEntityTable.cs", "TableServiceClient"),
        new(Service, "Azure Service Bus Data Receiver", "queues/email-in", "infra/modules/serviceBus.bicep", "src/EmailFunctions/Functions/TriggerCatalog.cs", "OfQueue(\"IngestEmail\", QueueNames.Ingest"),
        new(Service, "Azure Service Bus Data Receiver", "queues/email-in", "infra/modules/serviceBus.bicep", "src/EmailFunctions/Functions/TriggerCatalog.cs", "OfDeadLetters(\"RecoverIngest\", QueueNames.Ingest"),
        new(Service, "Azure Service Bus Data Receiver", "queues/email-dispatch", "infra/modules/serviceBus.bicep", "src/EmailFunctions/Functions/TriggerCatalog.cs", "OfQueue(\"DispatchEmail\", QueueNames.Dispatch"),
        new(Service, "Azure Service Bus Data Receiver", "queues/email-dispatch", "infra/modules/serviceBus.bicep", "src/EmailFunctions/Functions/TriggerCatalog.cs", "OfDeadLetters(\"RecoverDispatch\", QueueNames.Dispatch"),
        new(Service, "Azure Service Bus Data Sender", "queues/email-dispatch", "infra/modules/serviceBus.bicep", "src/EmailFunctions/Queueing/ServiceBus/ServiceBusDeliveryQueue.cs", "IDeliveryQueue"),
        new(Producer, "Azure Service Bus Data Sender", "queues/email-in", "infra/modules/serviceBus.bicep", "src/EmailFunctions/Ingest/ProducerInbox.cs", "class ProducerInbox"),
        new(Service, "Key Vault Crypto Service Encryption User", "keys/email", "infra/modules/keyVault.bicep", "src/EmailFunctions/Keys/KeyVault/KeyVaultClient.cs", "unwrapkey"),
        new(Service, "Monitoring Metrics Publisher", "components", "infra/modules/monitoring.bicep", "src/EmailFunctions/host.json", "\"telemetryMode\""),
    ];

    public static TheoryData<string, string, string> Evidence => [.. Needs.Select(static need => new TheoryDataRow<string, string, string>(need.Module, need.File, need.Text))];

    [Fact]
    public async Task The_assignments_are_those_that_code_needs_and_no_other()
    {
        var deployment = await Deployment.PredictAsync();

        var assigned = deployment.OfType("Microsoft.Authorization/roleAssignments").Select(Describe);

        Assert.Equal(Needs.Select(static need => $"{need.Who}: {need.Role} on {need.Scope}").Distinct().Order(StringComparer.Ordinal), assigned.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Evidence))]
    public void The_code_that_needs_a_role_is_there_and_the_assignment_names_it(string module, string file, string text)
    {
        Assert.Contains(text, Repository.Read(file), StringComparison.Ordinal);
        Assert.Contains(file, Repository.Read(module), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_producers_nobody_may_send_to_email_in()
    {
        var deployment = await Deployment.PredictAsync(producers: "");

        Assert.DoesNotContain(
            deployment.OfType("Microsoft.Authorization/roleAssignments").Select(Describe), static text => text.Contains("Sender on queues/email-in", StringComparison.Ordinal));
    }

    // As: who, which role, on what. The type of the scope, and its name where it is a fixed one.
    private static string Describe(JsonObject assignment)
    {
        var properties = Deployment.PropertiesOf(assignment);
        var id = properties["roleDefinitionId"]!.GetValue<string>().Split('/')[^1];
        var role = RoleNames.GetValueOrDefault(id, id);
        var who = properties["principalId"]!.GetValue<string>() == Deployment.Producer ? Producer : Service;
        var scope = assignment["id"]!.GetValue<string>().Split("/providers/Microsoft.Authorization/")[0].Split('/');
        return $"{who}: {role} on {(scope[^2] is "storageAccounts" or "components" ? scope[^2] : $"{scope[^2]}/{scope[^1]}")}";
    }

    private sealed record Need(string Who, string Role, string Scope, string Module, string File, string Text);
}
