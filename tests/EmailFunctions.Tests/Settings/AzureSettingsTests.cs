using EmailFunctions.Brakes;
using EmailFunctions.Settings;
using Microsoft.Extensions.Configuration;

namespace EmailFunctions.Tests.Settings;

/// <summary>What the service makes of its settings in Azure, and on a desk under the Functions host.</summary>
public sealed class AzureSettingsTests
{
    private const string Key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    private const string Account = "DefaultEndpointsProtocol=https;AccountName=mine;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net";

    /// <summary>What <c>infra/</c> sets.</summary>
    private static readonly Dictionary<string, string> Azure = new()
    {
        ["EMAIL_MODE"] = "azure",
        ["FUNCTIONS_CUSTOMHANDLER_PORT"] = "41234",
        ["AzureWebJobsStorage:accountName"] = "mine",
        ["ServiceBus:fullyQualifiedNamespace"] = "mine.servicebus.windows.net",
        ["EMAIL_KEY_VAULT_KEY"] = "https://mine.vault.azure.net/keys/email",
        ["EMAIL_AUTH_AUTHORITY"] = "https://login.example.com/directory/v2.0",
        ["EMAIL_AUTH_AUDIENCE"] = "api://email",
    };

    /// <summary>With <c>func start</c>, Azurite and nothing else.</summary>
    private static readonly Dictionary<string, string> Desk = new()
    {
        ["EMAIL_MODE"] = "azure",
        ["FUNCTIONS_CUSTOMHANDLER_PORT"] = "41234",
        ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
        ["EMAIL_QUEUE"] = "storagequeue",
        ["EMAIL_ENCRYPTION_KEY"] = Key,
        ["EMAIL_AUTH"] = "none",
    };

    /// <summary>A change of the settings of Azure (<c>NAME=value|NAME=value</c>; an empty value takes one away), and what the one mistake begins with.</summary>
    public static TheoryData<string, string> MistakesInAzure => new()
    {
        { "FUNCTIONS_CUSTOMHANDLER_PORT=", "FUNCTIONS_CUSTOMHANDLER_PORT is set by the Functions host" },
        { "FUNCTIONS_CUSTOMHANDLER_PORT=0", "FUNCTIONS_CUSTOMHANDLER_PORT must be a whole number" },
        { "FUNCTIONS_CUSTOMHANDLER_PORT=http", "FUNCTIONS_CUSTOMHANDLER_PORT must be a whole number" },
        { "Kestrel:Endpoints:Http:Url=http://0.0.0.0:80", "Kestrel:Endpoints can't be used" },
        { "AzureWebJobsStorage:accountName=", "AzureWebJobsStorage must be a connection string, or AzureWebJobsStorage__accountName" },
        { "AzureWebJobsStorage:accountName=secret.example.com/", "AzureWebJobsStorage__accountName must be" },
        { "AzureWebJobsStorage:accountName=SECRET", "AzureWebJobsStorage__accountName must be" },
        { "AzureWebJobsStorage:accountName=|AzureWebJobsStorage:tableServiceUri=https://t|AzureWebJobsStorage:blobServiceUri=https://b", "AzureWebJobsStorage must be a connection string, or" },
        { "AzureWebJobsStorage:tableServiceUri=http://mine.table.core.windows.net", "AzureWebJobsStorage__tableServiceUri must be an https URL" },
        { "AzureWebJobsStorage:blobServiceUri=http://localhost:10000/secret", "AzureWebJobsStorage__blobServiceUri must be an https URL" },
        { "AzureWebJobsStorage:queueServiceUri=file:///secret", "AzureWebJobsStorage__queueServiceUri must be an https URL" },
        { "AzureWebJobsStorage:queueServiceUri=secret", "AzureWebJobsStorage__queueServiceUri must be an https URL" },
        { "AzureWebJobsStorage:tableServiceUri=https://mine.table.core.windows.net/?sig=secret", "AzureWebJobsStorage__tableServiceUri must be an https URL" },
        { "AzureWebJobsStorage=secret", "AzureWebJobsStorage must be a connection string of NAME=VALUE parts" },
        { "AzureWebJobsStorage=secret=1", "AzureWebJobsStorage must be a connection string of NAME=VALUE parts" },
        { "AzureWebJobsStorage=AccountName=mine;AccountKey=c2VjcmV0;AccountKey=c2VjcmV0", "AzureWebJobsStorage must be a connection string of NAME=VALUE parts" },
        { "AzureWebJobsStorage=AccountName=secret", "AzureWebJobsStorage must be a connection string with AccountName and AccountKey" },
        { "AzureWebJobsStorage=AccountName=mine;AccountKey=no secret!", "AzureWebJobsStorage must be a connection string with AccountName and AccountKey" },
        { "AzureWebJobsStorage=AccountKey=c2VjcmV0", "AzureWebJobsStorage must be a connection string with AccountName and AccountKey" },
        { "AzureWebJobsStorage=TableEndpoint=https://mine.table.core.windows.net;SharedAccessSignature=sig=secret", "AzureWebJobsStorage must be a connection string with AccountName and AccountKey" },
        { "AzureWebJobsStorage=DefaultEndpointsProtocol=http;AccountName=mine;AccountKey=c2VjcmV0", "AzureWebJobsStorage must lead to https" },
        { $"AzureWebJobsStorage={Account};BlobEndpoint=http://mine.example.com", "AzureWebJobsStorage must lead to https" },
        { "ServiceBus:fullyQualifiedNamespace=", "ServiceBus must be a connection string, or ServiceBus__fullyQualifiedNamespace" },
        { "ServiceBus:fullyQualifiedNamespace=sb://mine.servicebus.windows.net", "ServiceBus__fullyQualifiedNamespace must be a host" },
        { "ServiceBus:fullyQualifiedNamespace=no host", "ServiceBus__fullyQualifiedNamespace must be a host" },
        { "ServiceBus=secret", "ServiceBus can't be used: A Service Bus connection string" },
        { "ServiceBus=Endpoint=sb://mine.servicebus.windows.net;SharedAccessKey=secret", "ServiceBus can't be used: A Service Bus connection string" },
        { "ServiceBus=Endpoint=https://mine.servicebus.windows.net;SharedAccessKeyName=send;SharedAccessKey=secret", "ServiceBus can't be used: The Endpoint" },
        { "ServiceBus=Endpoint=amqp://guest:secret@broker", "ServiceBus must be of Service Bus or its emulator" },
        { "EMAIL_QUEUE=embedded", "EMAIL_QUEUE must be servicebus or storagequeue" },
        { "EMAIL_QUEUE=rabbit", "EMAIL_QUEUE must be servicebus or storagequeue" },
        { "EMAIL_KEY_VAULT_KEY=", "EMAIL_KEY_VAULT_KEY must be the address of a key" },
        { $"EMAIL_KEY_VAULT_KEY=|EMAIL_ENCRYPTION_KEY={Key}", "EMAIL_KEY_VAULT_KEY must be the address of a key" },
        { $"EMAIL_ENCRYPTION_KEY={Key}", "EMAIL_ENCRYPTION_KEY must be absent beside EMAIL_KEY_VAULT_KEY" },
        { "EMAIL_KEY_VAULT_KEY=https://mine.vault.azure.net/keys/email/0123456789abcdef0123456789abcdef", "EMAIL_KEY_VAULT_KEY can't be used" },
        { "EMAIL_KEY_VAULT_KEY=http://mine.vault.azure.net/keys/email", "EMAIL_KEY_VAULT_KEY can't be used" },
        { "EMAIL_KEY_VAULT_KEY=http://localhost/keys/email", "EMAIL_KEY_VAULT_KEY can't be used" },
        { "EMAIL_KEY_VAULT_KEY=secret", "EMAIL_KEY_VAULT_KEY can't be used" },
        { "EMAIL_AUTH=none", "EMAIL_AUTH can be none only on a desk" },
        { "EMAIL_AUTH=sometimes", "EMAIL_AUTH must be required or none" },
        { "EMAIL_AUTH_AUTHORITY=", "EMAIL_AUTH_AUTHORITY must be the issuer of access tokens" },
        { "EMAIL_AUTH_AUTHORITY=login.example.com", "EMAIL_AUTH_AUTHORITY must be an https URL" },
        { "EMAIL_AUTH_AUTHORITY=http://login.example.com", "EMAIL_AUTH_AUTHORITY must be an https URL" },
        { "EMAIL_AUTH_AUTHORITY=https://user:secret@login.example.com", "EMAIL_AUTH_AUTHORITY must be an https URL" },
        { "EMAIL_AUTH_AUDIENCE=", "EMAIL_AUTH_AUDIENCE must be what access tokens" },
        { "EMAIL_BACKEND=file", "EMAIL_BACKEND can't be console or file in Azure" },
        { "EMAIL_BACKEND=console", "EMAIL_BACKEND can't be console or file in Azure" },
        { "EMAIL_BACKEND=sendgrid|EMAIL_FROM_EMAIL=hello@example.com", "SENDGRID_API_KEY must be the account's key" },
        { "EMAIL_BACKEND=smtp|EMAIL_SMTP_HOST=mail.example.com", "EMAIL_FROM_EMAIL is required" },
        { "EMAIL_FROM_EMAIL=nobody", "EMAIL_FROM_EMAIL must be" },
        { "EMAIL_PRODUCER_TENANTS=acme, no name", "EMAIL_PRODUCER_TENANTS must be tenants' names" },
        { "EMAIL_PRODUCER_TENANTS=no name,../other", "EMAIL_PRODUCER_TENANTS must be tenants' names" },
        { "EMAIL_PRODUCER_CLAIM=yes", "EMAIL_PRODUCER_CLAIM must be optional or required." },
        { "EMAIL_BRAKE_CALLER_PER_MINUTE=-1", "EMAIL_BRAKE_CALLER_PER_MINUTE must be a whole number from 0 to 1000000." },
        { "EMAIL_BRAKE_OPEN_PER_MINUTE=many", "EMAIL_BRAKE_OPEN_PER_MINUTE must be a whole number from 0 to 1000000." },
        { "EMAIL_BRAKE_FAILED_PER_MINUTE=1000001", "EMAIL_BRAKE_FAILED_PER_MINUTE must be a whole number from 0 to 1000000." },
        { "EMAIL_BRAKE_TEST_SENDS_PER_HOUR=1.5", "EMAIL_BRAKE_TEST_SENDS_PER_HOUR must be a whole number from 0 to 1000000." },
        { "EMAIL_MAX_BODY_BYTES=262143", "EMAIL_MAX_BODY_BYTES must be a whole number from 262144 to 52428800." },
        { "EMAIL_MAX_BODY_BYTES=52428801", "EMAIL_MAX_BODY_BYTES must be a whole number from 262144 to 52428800." },
        { "EMAIL_MAX_REQUEST_HEADERS=19", "EMAIL_MAX_REQUEST_HEADERS must be a whole number from 20 to 1000." },
        { "EMAIL_PRODUCER_TENANTS=,", "EMAIL_PRODUCER_TENANTS must be tenants' names" },
    };

    [Theory]
    [MemberData(nameof(MistakesInAzure))]
    public void A_mistake_is_told_once_by_the_settings_name_and_without_its_value(string change, string begins)
    {
        var mistake = Assert.Single(MistakesOf(Azure, change));

        Assert.StartsWith(begins, mistake, StringComparison.Ordinal);
        Assert.EndsWith(".", mistake, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", mistake, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("c2VjcmV0", mistake, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, mistake, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FUNCTIONS_CUSTOMHANDLER_PORT=", "FUNCTIONS_CUSTOMHANDLER_PORT is set by the Functions host")]
    [InlineData("EMAIL_ENCRYPTION_KEY=", "EMAIL_KEY_VAULT_KEY must be the address of a key")]
    [InlineData("EMAIL_ENCRYPTION_KEY=c2VjcmV0", "EMAIL_ENCRYPTION_KEY must be 32 bytes")]
    [InlineData("EMAIL_KEY_VAULT_KEY=https://mine.vault.azure.net/keys/email", "EMAIL_ENCRYPTION_KEY must be absent beside EMAIL_KEY_VAULT_KEY")]
    [InlineData("EMAIL_QUEUE=servicebus", "ServiceBus must be a connection string")]
    [InlineData("EMAIL_QUEUE=", "ServiceBus must be a connection string")]
    [InlineData("EMAIL_BACKEND=mailgun|EMAIL_FROM_EMAIL=hello@example.com", "MAILGUN_API_KEY must be the account's key")]
    public void So_is_one_of_a_desk(string change, string begins) => Assert.StartsWith(begins, Assert.Single(MistakesOf(Desk, change)), StringComparison.Ordinal);

    [Fact]
    public void A_desk_without_emulator_is_no_desk()
    {
        var mistakes = MistakesOf(Desk, "EMAIL_BACKEND=file|AzureWebJobsStorage=" + Account);

        Assert.Equal(["EMAIL_KEY_VAULT_KEY", "EMAIL_AUTH", "EMAIL_BACKEND"], mistakes.Select(static mistake => mistake.Split(' ')[0]));
    }

    [Fact]
    public void All_mistakes_are_told_together()
    {
        var exception = Assert.Throws<SettingsException>(() => Read([], "EMAIL_MODE=azure|ServiceBus=secret|EMAIL_PRODUCER_TENANTS=no name|EMAIL_ENABLED=maybe"));

        Assert.Equal(
            [
                "FUNCTIONS_CUSTOMHANDLER_PORT", "AzureWebJobsStorage", "ServiceBus", "EMAIL_KEY_VAULT_KEY", "EMAIL_PRODUCER_TENANTS", "EMAIL_ENABLED",
            ],
            Lines(exception).Select(static mistake => mistake.Split(' ')[0]));
    }

    [Fact]
    public void In_azure_an_identity_opens_everything_and_callers_bring_tokens()
    {
        var settings = Read(Azure);
        var azure = settings.Azure!;

        Assert.Equal(["http://127.0.0.1:41234"], settings.Urls);
        Assert.Equal("https://mine.table.core.windows.net/ https://mine.blob.core.windows.net/ https://mine.queue.core.windows.net/", $"{azure.Storage.Tables} {azure.Storage.Blobs} {azure.Storage.Queues}");
        Assert.False(azure.Storage.IsDevelopment);
        Assert.Equal((QueueKind.ServiceBus, "mine.servicebus.windows.net", null), (azure.Queue, azure.ServiceBus!.Host, azure.ServiceBus.Connection));
        Assert.Equal("https://mine.vault.azure.net/keys/email", $"{azure.KeyVaultKey}");
        Assert.Equal(new("https://login.example.com/directory/v2.0"), settings.Access.Tokens!.Authority);
        Assert.Equal(("api://email", "tenant_id", "admin"), (settings.Access.Tokens.Audience, settings.Access.Tokens.TenantClaim, settings.Access.Tokens.AdminRole));
        Assert.Null(settings.SystemProvider.Account.Settings.FromEmail);
        Assert.True(settings.Producers is { AllTenants: true, Tenants.Count: 0 });
    }

    [Fact]
    public void With_func_start_and_azurite_a_key_will_do_and_nobody_needs_a_token()
    {
        var settings = Read(Desk, "EMAIL_BACKEND=console");

        Assert.True(settings.Azure!.Storage.IsDevelopment);
        Assert.Equal((QueueKind.StorageQueue, null, null), (settings.Azure.Queue, settings.Azure.ServiceBus, settings.Azure.KeyVaultKey));
        Assert.Equal(Convert.FromBase64String(Key), settings.EncryptionKey);
        Assert.False(settings.Access.IsRequired);
        Assert.Equal("no-reply@localhost", settings.SystemProvider.Account.Settings.FromEmail);
    }

    [Fact]
    public void The_emulator_of_service_bus_is_read_from_its_connection_string()
    {
        var bus = Read(Desk, "EMAIL_QUEUE=servicebus|ServiceBus=Endpoint=sb://localhost;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;").Azure!.ServiceBus!;

        Assert.Equal(("localhost", 5672, false), (bus.Connection!.Host, bus.Connection.Port, bus.Connection.UseTls));
    }

    [Fact]
    public void Where_a_namespace_is_named_in_both_ways_the_connection_string_counts_as_it_does_for_the_host()
    {
        var bus = Read(Azure, "ServiceBus=Endpoint=sb://other.servicebus.windows.net;SharedAccessKeyName=send;SharedAccessKey=secret").Azure!.ServiceBus!;

        Assert.Equal(("other.servicebus.windows.net", null), (bus.Connection!.Host, bus.Host));
    }

    [Fact]
    public void With_storage_queues_a_namespace_is_not_asked_for() =>
        Assert.Null(Read(Azure, "EMAIL_QUEUE=storagequeue|ServiceBus:fullyQualifiedNamespace=").Azure!.ServiceBus);

    [Fact]
    public void Addresses_of_services_go_before_the_accounts_name_and_keep_their_paths()
    {
        var storage = Read(Azure, "AzureWebJobsStorage:blobServiceUri=https://mine.blob.core.chinacloudapi.cn|AzureWebJobsStorage:queueServiceUri=https://localhost:10001/mine").Azure!.Storage;

        Assert.Equal("https://mine.table.core.windows.net/ https://mine.blob.core.chinacloudapi.cn/ https://localhost:10001/mine/", $"{storage.Tables} {storage.Blobs} {storage.Queues}");
    }

    [Theory]
    [InlineData("UseDevelopmentStorage=true", true)]
    [InlineData("usedevelopmentstorage=True;", true)]
    [InlineData("AccountKey=c2VjcmV0; AccountName=devstoreaccount1", true)]
    [InlineData("DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=c2VjcmV0;BlobEndpoint=http://azurite:10000/devstoreaccount1;", true)]
    [InlineData(Account, false)]
    [InlineData("AccountName=mine;AccountKey=c2VjcmV0;FileEndpoint=https://mine.example.com/?AccountName=devstoreaccount1", false)]
    [InlineData("AccountName=mine;AccountKey=c2VjcmV0;UseDevelopmentStorage=false", false)]
    [InlineData("TableEndpoint=https://t.example.com;BlobEndpoint=https://b.example.com;QueueEndpoint=https://q.example.com;SharedAccessSignature=sv=1&sig=secret", false)]
    public void Only_the_emulators_account_is_development_storage(string connection, bool isDevelopment)
    {
        var settings = isDevelopment ? Read(Desk, "AzureWebJobsStorage=" + connection) : Read(Azure, "AzureWebJobsStorage=" + connection);

        Assert.Equal((connection, isDevelopment), (settings.Azure!.Storage.ConnectionString, settings.Azure.Storage.IsDevelopment));
        Assert.DoesNotContain("c2VjcmV0", $"{settings.Azure}", StringComparison.Ordinal);
        Assert.DoesNotContain("secret", $"{settings.Azure}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("*", true, "")]
    [InlineData("acme", false, "acme")]
    [InlineData(" acme , system ,", false, "acme,system")]
    [InlineData("*,system", true, "system")]
    public void Producers_may_send_for_those_who_are_named(string text, bool all, string tenants)
    {
        var producers = Read(Azure, "EMAIL_PRODUCER_TENANTS=" + text).Producers;

        Assert.Equal((all, tenants), (producers.AllTenants, string.Join(',', producers.Tenants.Select(static tenant => tenant.Value).Order())));
    }

    [Fact]
    public void Callers_are_braked_unless_nobody_needs_a_credential()
    {
        Assert.Equal(BrakeSettings.Off, Read([], "EMAIL_BRAKE_CALLER_PER_MINUTE=5").Brakes);
        Assert.Equal(
            new BrakeSettings { CallerPerMinute = 12_000, OpenPerMinute = 600, FailedPerMinute = 60, TestSendsPerHour = 60 }, Read([], "EMAIL_AUTH=required").Brakes);
        Assert.Equal((5, true), (Read(Azure, "EMAIL_BRAKE_CALLER_PER_MINUTE=5").Brakes.CallerPerMinute, Read(Azure).Brakes.IsBehindFrontEnd));
    }

    [Theory]
    [InlineData("EMAIL_QUEUE=servicebus", "EMAIL_QUEUE must be embedded.")]
    [InlineData("EMAIL_QUEUE=storagequeue", "EMAIL_QUEUE must be embedded.")]
    [InlineData("EMAIL_AUTH=required|EMAIL_AUTH_AUDIENCE=api://email", "EMAIL_AUTH_AUTHORITY must be the issuer")]
    [InlineData("EMAIL_AUTH=required|EMAIL_AUTH_AUTHORITY=https://login.example.com", "EMAIL_AUTH_AUDIENCE must be what access tokens")]
    [InlineData("EMAIL_AUTH_CLIENT_ID=page", "EMAIL_AUTH_CLIENT_ID needs EMAIL_AUTH_AUTHORITY")]
    [InlineData("EMAIL_AUTH=required|EMAIL_AUTH_CLIENT_ID=page", "EMAIL_AUTH_CLIENT_ID needs EMAIL_AUTH_AUTHORITY")]
    [InlineData("EMAIL_METRICS_ACCESS=everybody", "EMAIL_METRICS_ACCESS must be required or public or off.")]
    [InlineData("EMAIL_DOCS_ACCESS=required", "EMAIL_DOCS_ACCESS must be public or off.")]
    [InlineData("EMAIL_DASHBOARD_ACCESS=required", "EMAIL_DASHBOARD_ACCESS must be public or off.")]
    [InlineData("EMAIL_MODE=cloud", "EMAIL_MODE must be local or azure.")]
    public void In_local_mode_it_is_so(string change, string begins) => Assert.StartsWith(begins, Assert.Single(MistakesOf([], change)), StringComparison.Ordinal);

    [Fact]
    public void In_local_mode_nothing_of_azure_is_asked_for_and_tokens_open_more_than_this_machine()
    {
        Assert.Null(Read([], "AzureWebJobsStorage=secret").Azure);
        Assert.False(Read([]).Access.IsRequired);
        Assert.Equal((true, null), (Read([], "EMAIL_AUTH=required").Access.IsRequired, Read([], "EMAIL_AUTH=required").Access.Tokens));
        var open = Read([], "EMAIL_AUTH=required|EMAIL_AUTH_AUTHORITY=http://localhost:8080|EMAIL_AUTH_AUDIENCE=email|ASPNETCORE_URLS=http://*:7071|EMAIL_AUTH_TENANT_CLAIM=customer|EMAIL_AUTH_ADMIN_ROLE=operator");

        Assert.Equal(("customer", "operator"), (open.Access.Tokens!.TenantClaim, open.Access.Tokens.AdminRole));
        Assert.Equal(["http://*:7071"], open.Urls);
    }

    private static string[] MistakesOf(Dictionary<string, string> settings, string change) =>
        Lines(Assert.Throws<SettingsException>(() => Read(settings, change)));

    private static string[] Lines(SettingsException exception) => exception.Message.Split("\n  - ")[1..];

    private static ServiceSettings Read(Dictionary<string, string> settings, string change = "")
    {
        var all = settings.ToDictionary(static pair => pair.Key, static pair => (string?)pair.Value);
        foreach (var setting in change.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(static text => text.Split('=', 2)))
            all[setting[0]] = setting[1];
        return ServiceSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(all).Build());
    }
}
