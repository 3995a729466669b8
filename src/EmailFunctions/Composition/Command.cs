using System.Globalization;
using EmailFunctions.Access;
using EmailFunctions.Activities;
using EmailFunctions.ApiKeys;

namespace EmailFunctions.Composition;

/// <summary>What the process was started for: to serve, unless its first argument says otherwise.</summary>
internal abstract class Command
{
    public static Command Of(string[] args) => args switch
    {
        ["write-functions", var folder] => new WriteFunctions(folder),
        ["create-admin-key"] => new CreateAdminKey("first admin"),
        ["create-admin-key", var name] => new CreateAdminKey(name),
        _ => new Serve(),
    };

    /// <summary>Sees to the settings under which the service's parts are made.</summary>
    public virtual void Prepare(WebApplicationBuilder builder)
    {
    }

    /// <summary>Does it, with the parts made and nothing started.</summary>
    public abstract Task RunAsync(WebApplication app);

    private sealed class Serve : Command
    {
        public override Task RunAsync(WebApplication app) => app.RunEmailFunctionsAsync();
    }

    /// <summary>Writes the folders by which the Functions host knows the functions; at publish.</summary>
    private sealed class WriteFunctions(string folder) : Command
    {
        public override void Prepare(WebApplicationBuilder builder) => builder.UseStagingSettings();

        public override Task RunAsync(WebApplication app)
        {
            app.WriteFunctions(folder);
            return Task.CompletedTask;
        }
    }

    /// <summary>
    /// Makes an API key for all tenants with every scope: the first one, which nobody could ask the service for. Who may run it is who may read the
    /// service's settings and write to its store. The key's text goes to standard output, all else to standard error.
    /// </summary>
    private sealed class CreateAdminKey(string name) : Command
    {
        private const string Maker = "command";

        // In Azure the host says where it calls the service; nobody calls it here.
        public override void Prepare(WebApplicationBuilder builder) => builder.Configuration.AddInMemoryCollection([new("FUNCTIONS_CUSTOMHANDLER_PORT", "1")]);

        public override async Task RunAsync(WebApplication app)
        {
            var request = new ApiKeyRequest { Name = name, Scopes = ScopeNames.Of(Scopes.All) };
            var deed = new AdminDeed(Maker, AdminActions.ApiKeyCreate);
            var (key, text) = await app.Services.GetRequiredService<AdminAudit>().RunAsync(
                deed,
                async () =>
                {
                    var made = await app.Services.GetRequiredService<ApiKeyService>().CreateAsync(tenant: null, request, Maker, CancellationToken.None);
                    (deed.Target, deed.Detail) = (made.Key.Id, made.Key.Summary);
                    return made;
                },
                CancellationToken.None);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"API key {key.Id} for all tenants, good until {key.ExpiresAt:yyyy-MM-dd}. Keep it: it is shown this once."));
            Console.WriteLine(text);
        }
    }
}
