using System.Net.Sockets;
using System.Text;
using EmailFunctions.TestKit.FunctionsHost;
using EmailFunctions.Tests.Support.Azurite;
using EmailFunctions.Tests.Support.Hosted;

namespace EmailFunctions.Tests.Hosted;

/// <summary>
/// No public request gets to a trigger's route, however its path is spelled and however the host hands it on. The requests go over a bare
/// socket, since a client would tidy them up.
/// </summary>
[Collection("Hosted")]
public sealed class TriggerRouteTests(StagedApp staged, AzuriteFixture azurite)
{
    private const string Forged = """{"Data":{"trigger":"YWNtZX5jb25maWd+MA=="},"Metadata":{}}""";

    private static readonly string[] Prefixes =
    [
        "/{0}", "//{0}", "///{0}", "/./{0}", "/{0}/", "/{0}/.", "/{0}.", "/{0}?x=1", "/{0}?", "/{0};x", "/{0}%20", "/{0}%00", "/{0}#x", "/%2f{0}", "/%2F{0}", "/%5c{0}", "\\{0}",
        "/docs/{0}", "/docs/../{0}", "/docs/./../{0}", "/docs/x/../../{0}", "/docs//../{0}", "/docs/..%2f{0}", "/docs/..%2F{0}", "/docs%2f..%2f{0}", "/docs/%2e%2e/{0}", "/docs/%2E%2E/{0}",
        "/docs/.%2e/{0}", "/docs/%2e./{0}", "/docs/%252e%252e/{0}", "/docs/%252E%252E/{0}", "/docs/%252e%252e%252f{0}", "/docs/%25252e%25252e/{0}", "/docs/%2e%2e%2f{0}", "/docs/..;/{0}", "/docs/..%5c{0}", "/docs/..\\{0}",
        "/docs/%c0%ae%c0%ae/{0}", "/redoc/%252e%252e/{0}", "/redoc/../{0}", "/redoc/%2e%2e/{0}", "/api/v1/email/messages/%252e%252e/%252e%252e/%252e%252e/%252e%252e/{0}",
        "/api/v1/email/messages/..%2f..%2f..%2f..%2f{0}", "/health/../{0}", "/health/%2e%2e/{0}", "/health/%252e%252e/{0}", "/openapi/v1.json/../../{0}",
        "http://127.0.0.1/{0}", "/docs/%252e%252e/{0}?x=%2f", "/docs/x%2f..%2f..%2f{0}", "/docs/%252e%252e/%252e/{0}",
    ];

    [Theory]
    [InlineData(HttpMode.Proxying)]
    [InlineData(HttpMode.Forwarding)]
    [InlineData(HttpMode.ForwardingDecoded)]
    public async Task A_trigger_cannot_be_called_from_outside_in_any_spelling(HttpMode mode)
    {
        await using var app = await HostedApp.StartAsync(staged, (await azurite.GetAsync()).ConnectionString, new HostedOptions { HttpMode = mode });
        var names = Directory.GetDirectories(await staged.GetFolderAsync()).Select(Path.GetFileName).Where(static name => IsTrigger(name!)).ToList();
        Assert.True(names.Count > 10);
        await app.ConfigureAsync("acme");
        // The host's own call for the new configuration; after it the tables are read by nobody but a forged call that gets through.
        await HostedApp.UntilAsync(() => Task.FromResult(app.Host.Invocations.Any(static invocation => invocation.Function == "DispatchEmail")), TimeSpan.FromSeconds(30), app.Say);
        app.Tables.Clear();

        var answers = new Dictionary<string, string>();
        foreach (var name in names)
        {
            foreach (var spelling in Spellings(name!).SelectMany(static path => Prefixes.Select(prefix => string.Format(System.Globalization.CultureInfo.InvariantCulture, prefix, path))))
                answers[spelling] = await CallAsync(app.Client.BaseAddress!, spelling);
        }

        var taken = answers.Where(static answer => answer.Value.Contains("\"Outputs\"", StringComparison.Ordinal) || answer.Value.StartsWith("HTTP/1.1 5", StringComparison.Ordinal)).ToList();
        Assert.Empty(taken);
        // A dispatch of a configuration's change, which the forged call asks for, reads the tenant's limits.
        Assert.Empty(app.Tables.Requests);
        Assert.True(answers.Count > 500);
    }

    [Fact]
    public async Task The_host_itself_can_call_every_trigger()
    {
        await using var app = await HostedApp.StartAsync(staged, (await azurite.GetAsync()).ConnectionString);
        foreach (var timer in app.Host.Functions.Where(static name => name.StartsWith("Sweep", StringComparison.Ordinal) || name.StartsWith("Check", StringComparison.Ordinal)))
        {
            var run = await app.Host.FireTimerAsync(timer);
            Assert.True(run.Succeeded, $"{timer}: {run.Problem}\n{app.Say()}");
        }
    }

    private static bool IsTrigger(string name) =>
        new[] { "Ingest", "Dispatch", "Recover", "Sweep", "Check" }.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    private static string[] Spellings(string name) =>
        name is "DispatchEmail" or "IngestEmail"
            ? [name, name.ToLowerInvariant(), name.ToUpperInvariant(), "%44" + name[1..], name[..^1] + "%6c", name[..^1] + "%256c"]
            : [name];

    private static async Task<string> CallAsync(Uri address, string target)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(address.Host, address.Port, TestContext.Current.CancellationToken);
        var request = $"POST {target} HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\nContent-Length: {Forged.Length}\r\nX-Azure-Functions-InvocationId: 1\r\nConnection: close\r\n\r\n{Forged}";
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
