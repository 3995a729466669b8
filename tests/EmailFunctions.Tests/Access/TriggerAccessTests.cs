using System.Globalization;
using System.Net;
using System.Text;
using EmailFunctions.Composition;
using EmailFunctions.Functions;
using EmailFunctions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Access;

/// <summary>The routes of triggers, which are there in Azure: the host calls them, and nobody else, whatever credential it has.</summary>
public sealed class TriggerAccessTests
{
    // It does nothing where the key is no Key Vault's, and so needs nothing outside.
    private const string Harmless = "CheckKeyAge";

    private static readonly (string Name, string Header, string Value)[] Outsiders =
    [
        ("with a token", "Authorization", "Bearer a.b.c"), ("through a front end", "X-Forwarded-For", "203.0.113.7"), ("from a page", "Origin", "https://app.example.com"),
        ("with the host's key", "x-functions-key", "secret"), ("with cookies", "Cookie", "a=b"), ("as text", "Content-Type", "text/plain"), ("by another name", "Host", "mail.example.com"),
        ("by the machine's other name", "Host", "localhost"), ("forwarded by the host", "x-ms-invocation-id", "1"), ("without the host's mark", "X-Azure-Functions-InvocationId", ""),
    ];

    [Fact]
    public async Task Only_the_host_can_call_a_trigger()
    {
        using var folder = new TempFolder();
        var port = ServiceProcess.FreePort();
        await using var app = await StartAsync(folder, port);
        using var client = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")) };
        Assert.Equal(HttpStatusCode.OK, await CallAsync(client, "/" + Harmless));

        var triggers = app.Services.GetRequiredService<TriggerCatalog>().Functions;
        Assert.True(triggers.Count > 10);
        foreach (var trigger in triggers.Select(static function => "/" + function.Name))
        {
            foreach (var (name, header, value) in Outsiders)
                Assert.True(await CallAsync(client, trigger, header, value) == HttpStatusCode.NotFound, $"{trigger} {name}");
            foreach (var path in new[] { trigger + "/", trigger + "?x=1", trigger.ToLowerInvariant(), trigger.ToUpperInvariant() })
                Assert.True(await CallAsync(client, path) == HttpStatusCode.NotFound, path);
            Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(client, trigger, method: HttpMethod.Get));
        }
    }

    private static async Task<HttpStatusCode> CallAsync(HttpClient client, string path, string? header = null, string value = "", HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, path);
        request.Headers.Add("X-Azure-Functions-InvocationId", "1");
        if (method is null)
            request.Content = new StringContent("""{"Data":{"trigger":{}},"Metadata":{}}""", Encoding.UTF8, header == "Content-Type" ? value : "application/json");
        if (header is not (null or "Content-Type"))
        {
            request.Headers.Remove(header);
            if (value.Length > 0)
                request.Headers.TryAddWithoutValidation(header, value);
        }

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static async Task<WebApplication> StartAsync(TempFolder folder, int port)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["EMAIL_MODE"] = "azure",
            ["EMAIL_QUEUE"] = "storagequeue",
            ["FUNCTIONS_CUSTOMHANDLER_PORT"] = port.ToString(CultureInfo.InvariantCulture),
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["EMAIL_ENCRYPTION_KEY"] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            ["EMAIL_DATA_DIR"] = folder.FullPath,
        });
        builder.AddEmailFunctions();
        var app = builder.Build();
        app.MapEmailFunctions();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
