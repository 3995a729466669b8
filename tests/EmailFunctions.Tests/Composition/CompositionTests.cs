using System.Net;
using System.Net.Sockets;
using EmailFunctions.Composition;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Composition;

/// <summary>The service can be put together as its settings say, without a call to anything outside.</summary>
public sealed class CompositionTests : IDisposable
{
    private const string Key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    private readonly TempFolder _folder = new();
    // Whatever stands outside would be called here.
    private readonly TcpListener _outside = new(IPAddress.Loopback, 0);

    public CompositionTests() => _outside.Start();

    public void Dispose()
    {
        _outside.Dispose();
        _folder.Dispose();
    }

    /// <summary>Further settings as <c>NAME=value|NAME=value</c>, in which <c>{0}</c> is a host that notes who calls.</summary>
    public static TheoryData<string> Azures =>
    [
        Storage + "|EMAIL_QUEUE=storagequeue|EMAIL_ENCRYPTION_KEY=" + Key,
        Storage + "|EMAIL_ENCRYPTION_KEY=" + Key + "|ServiceBus=Endpoint=sb://{0};SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true",
        Storage + "|EMAIL_KEY_VAULT_KEY=http://{0}/keys/email|ServiceBus=Endpoint=sb://{0};SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true",
        "AzureWebJobsStorage:accountName=mine|EMAIL_KEY_VAULT_KEY=https://{0}/keys/email|ServiceBus:fullyQualifiedNamespace=mine.servicebus.windows.net" + Tokens,
        "AzureWebJobsStorage:accountName=mine|EMAIL_KEY_VAULT_KEY=https://{0}/keys/email|EMAIL_QUEUE=storagequeue" + Tokens,
        "AzureWebJobsStorage:tableServiceUri=https://{0}|AzureWebJobsStorage:blobServiceUri=https://{0}/b|AzureWebJobsStorage:queueServiceUri=https://{0}|EMAIL_KEY_VAULT_KEY=https://{0}/keys/email|EMAIL_QUEUE=storagequeue" + Tokens,
        "AzureWebJobsStorage=AccountName=mine;AccountKey=c2VjcmV0;TableEndpoint=https://{0};BlobEndpoint=https://{0};QueueEndpoint=https://{0}|EMAIL_KEY_VAULT_KEY=https://{0}/keys/email|EMAIL_QUEUE=storagequeue" + Tokens,
        "AzureWebJobsStorage=TableEndpoint=https://{0};BlobEndpoint=https://{0};QueueEndpoint=https://{0};SharedAccessSignature=sv=2020-01-01&sig=c2VjcmV0|EMAIL_KEY_VAULT_KEY=https://{0}/keys/email|EMAIL_QUEUE=storagequeue" + Tokens,
        "AzureWebJobsStorage=UseDevelopmentStorage=true|EMAIL_AUTH=none|EMAIL_QUEUE=storagequeue|EMAIL_ENCRYPTION_KEY=" + Key,
    ];

    private const string Tokens = "|EMAIL_AUTH_AUTHORITY=https://{0}/directory|EMAIL_AUTH_AUDIENCE=api://email";

    private const string Storage =
        "EMAIL_AUTH=none|AzureWebJobsStorage=AccountName=devstoreaccount1;AccountKey=c2VjcmV0;TableEndpoint=http://{0}/devstoreaccount1;BlobEndpoint=http://{0}/devstoreaccount1;QueueEndpoint=http://{0}/devstoreaccount1";

    [Theory]
    [MemberData(nameof(Azures))]
    public async Task In_azure_every_part_can_be_made_and_none_calls_anything_before_it_is_needed(string settings)
    {
        var builder = NewBuilder("EMAIL_MODE=azure|FUNCTIONS_CUSTOMHANDLER_PORT=41234|" + settings);
        builder.AddEmailFunctions();
        var parts = PartsOf(builder.Services);
        await using var app = builder.Build();
        app.MapEmailFunctions();

        Assert.All(parts, part => Assert.NotEmpty(app.Services.GetServices(part)));
        Assert.True(parts.Count > 50, $"{parts.Count} parts");
        Assert.False(_outside.Pending());
        Assert.False(Directory.Exists(_folder.Combine("data")));
    }

    [Theory]
    [InlineData("EMAIL_MODE=azure|FUNCTIONS_CUSTOMHANDLER_PORT=41234|AzureWebJobsStorage:accountName=mine|EMAIL_KEY_VAULT_KEY=https://mine.vault.azure.net/keys/email|EMAIL_QUEUE=storagequeue" + Tokens, false)]
    [InlineData("EMAIL_MODE=local", true)]
    public async Task Only_on_a_desk_mail_is_written_to_files_and_printed(string settings, bool isDesk)
    {
        var builder = NewBuilder(settings);
        builder.AddEmailFunctions();
        await using var app = builder.Build();

        var providers = app.Services.GetRequiredService<ProviderRegistry>();

        Assert.True(providers.Has(ProviderType.Smtp));
        Assert.Equal((isDesk, isDesk), (providers.Has(ProviderType.Console), providers.Has(ProviderType.File)));
    }

    [Fact]
    public async Task So_it_can_on_a_desk()
    {
        var builder = NewBuilder("EMAIL_MODE=local");
        builder.AddEmailFunctions();
        var parts = PartsOf(builder.Services);
        await using var app = builder.Build();
        app.MapEmailFunctions();

        Assert.All(parts, part => Assert.NotEmpty(app.Services.GetServices(part)));
    }

    /// <summary>Settings that whoever builds may have: none, those of either mode, and wrong ones.</summary>
    public static TheoryData<string> BuildersSettings =>
        ["EMAIL_ENABLED=true", "EMAIL_MODE=azure", "EMAIL_MODE=nonsense|EMAIL_DATA_DIR=/dev/null/data", "Kestrel__Endpoints__Http__Url=http://0.0.0.0:80"];

    [Theory]
    [MemberData(nameof(BuildersSettings))]
    public async Task The_functions_are_written_under_whatever_settings_and_nothing_beside_them(string settings)
    {
        var folder = Directory.CreateDirectory(_folder.Combine("staged")).FullName;

        var run = await ServiceProcess.RunAsync(_folder.FullPath, settings.Split('|').Select(static text => text.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[1]), "write-functions", folder);

        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.True(File.Exists(Path.Combine(folder, "DispatchEmail", "function.json")));
        Assert.True(File.Exists(Path.Combine(folder, "SendEmail", "function.json")));
        Assert.Equal([folder], Directory.GetFileSystemEntries(_folder.FullPath));
    }

    [Theory]
    [InlineData("EMAIL_MODE=local")]
    [InlineData("EMAIL_MODE=azure|FUNCTIONS_CUSTOMHANDLER_PORT=41234|EMAIL_QUEUE=storagequeue|EMAIL_ENCRYPTION_KEY=" + Key + "|" + Storage)]
    public async Task Under_the_settings_of_staging_no_part_calls_or_makes_anything(string settings)
    {
        var builder = NewBuilder(settings);
        builder.UseStagingSettings();
        builder.AddEmailFunctions();
        await using var app = builder.Build();
        app.MapEmailFunctions();
        app.WriteFunctions(Directory.CreateDirectory(_folder.Combine("staged")).FullName);

        Assert.False(_outside.Pending());
        Assert.Equal([_folder.Combine("staged")], Directory.GetFileSystemEntries(_folder.FullPath));
    }

    private WebApplicationBuilder NewBuilder(string settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        // Of whoever runs the tests.
        builder.Configuration.Sources.Clear();
        builder.Host.UseDefaultServiceProvider(static options => options.ValidateOnBuild = options.ValidateScopes = true);
        var all = settings.Replace("{0}", $"{_outside.LocalEndpoint}", StringComparison.Ordinal).Split('|').Select(static text => text.Split('=', 2));
        builder.Configuration.AddInMemoryCollection(all.Select(static pair => KeyValuePair.Create(pair[0], (string?)pair[1])).Append(new("EMAIL_DATA_DIR", _folder.Combine("data"))));
        return builder;
    }

    private static List<Type> PartsOf(IServiceCollection services) =>
    [
        .. services.Where(static service => !service.ServiceType.IsGenericTypeDefinition && (IsOwn(service.ServiceType) || IsOwn(service.ImplementationType)))
            .Select(static service => service.ServiceType).Distinct(),
    ];

    private static bool IsOwn(Type? type) => type?.Assembly == typeof(Program).Assembly;
}
