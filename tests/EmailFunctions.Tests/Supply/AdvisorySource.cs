using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Supply;

/// <summary>What NuGet asks for advisories (the resource <c>VulnerabilityInfo</c> of its protocol), on this machine; and beside it a source that has none.</summary>
internal sealed class AdvisorySource : IAsyncDisposable
{
    private readonly WebApplication _app;

    private AdvisorySource(WebApplication app) => _app = app;

    private string Address => _app.Urls.Single();

    /// <summary>Starts it.</summary>
    /// <param name="severities">Packages of which all versions are bad, and how much: 0 low, 1 moderate, 2 high, 3 critical.</param>
    public static async Task<AdvisorySource> StartAsync(IReadOnlyDictionary<string, int> severities)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var source = new AdvisorySource(app);
        app.MapGet("/index.json", () => Json($$"""{"version":"3.0.0","resources":[{"@id":"{{source.Address}}/advisories.json","@type":"VulnerabilityInfo/6.7.0"}]}"""));
        app.MapGet("/advisories.json", () => Json($$"""[{"@name":"base","@id":"{{source.Address}}/base.json","@updated":"2026-11-01T00:00:00Z"}]"""));
        app.MapGet("/base.json", () => Json(Advisories(severities)));
        app.MapGet("/none/index.json", static () => Json("""{"version":"3.0.0","resources":[]}"""));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return source;
    }

    /// <summary>A <c>nuget.config</c> that asks both of them, and leaves the feeds of packages as they are.</summary>
    public string NuGetConfig => $"""
        <configuration>
          <auditSources>
            <clear />
            <add key="advisories" value="{Address}/index.json" protocolVersion="3" allowInsecureConnections="true" />
            <add key="none" value="{Address}/none/index.json" protocolVersion="3" allowInsecureConnections="true" />
          </auditSources>
        </configuration>
        """;

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static string Advisories(IReadOnlyDictionary<string, int> severities) =>
        "{" + string.Join(',', severities.Select(static package => $$"""
            "{{package.Key.ToLowerInvariant()}}":[{"url":"https://advisories.example/{{package.Value}}","severity":{{package.Value}},"versions":"(, 1000.0.0)"}]
            """)) + "}";

    private static IResult Json(string json) => Results.Text(json, "application/json");
}
