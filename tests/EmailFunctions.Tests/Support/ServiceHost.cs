using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Support;

/// <summary>
/// The whole service in this process, in local mode on a data folder of its own, with the pump running. Retries are quick, so
/// that a test sees them.
/// </summary>
public sealed class ServiceHost : IAsyncDisposable
{
    private static readonly string[] Brakes = ["EMAIL_BRAKE_CALLER_PER_MINUTE", "EMAIL_BRAKE_OPEN_PER_MINUTE", "EMAIL_BRAKE_FAILED_PER_MINUTE", "EMAIL_BRAKE_TEST_SENDS_PER_HOUR"];

    private readonly WebApplicationFactory<Program> _factory;

    private ServiceHost(WebApplicationFactory<Program> factory, TempFolder data)
    {
        _factory = factory;
        Data = data;
        Client = factory.CreateClient();
    }

    /// <summary>The data folder.</summary>
    public TempFolder Data { get; }

    /// <summary>Calls the service.</summary>
    public HttpClient Client { get; }

    /// <summary>The service's own parts.</summary>
    public IServiceProvider Services => _factory.Services;

    /// <summary>Starts a service.</summary>
    /// <param name="settings">Settings by their environment names.</param>
    /// <param name="services">Replaces parts of the service.</param>
    public static ServiceHost Start(
        IReadOnlyDictionary<string, string>? settings = null, Action<IServiceCollection>? services = null)
    {
        var data = new TempFolder();
        var factory = new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
        {
            builder.UseSetting("EMAIL_DATA_DIR", data.FullPath);
            builder.UseSetting("EMAIL_RETRY_BASE_SECONDS", "1");
            builder.UseSetting("EMAIL_RETRY_MAX_SECONDS", "2");
            // All that a test asks comes from one address, and as quickly as it can.
            foreach (var brake in Brakes)
                builder.UseSetting(brake, "0");
            foreach (var (name, value) in settings ?? new Dictionary<string, string>())
                builder.UseSetting(name, value);
            if (services is not null)
                builder.ConfigureTestServices(services);
        });
        return new ServiceHost(factory, data);
    }

    /// <summary>Sends a JSON body and returns the answer.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string json) =>
        Client.SendAsync(new HttpRequestMessage(method, path) { Content = Json(json) }, TestContext.Current.CancellationToken);

    /// <summary>Accepts a message and returns its id; fails unless the answer is 202.</summary>
    public async Task<string> AcceptAsync(string json)
    {
        using var answer = await SendAsync(HttpMethod.Post, "/api/v1/email/send", json);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == System.Net.HttpStatusCode.Accepted, body);
        return JsonNode.Parse(body)!["message_id"]!.GetValue<string>();
    }

    /// <summary>Reads JSON; fails unless the answer is 200.</summary>
    public async Task<JsonObject> GetAsync(string path) =>
        (await Client.GetFromJsonAsync<JsonObject>(path, JsonSerializerOptions.Web, TestContext.Current.CancellationToken))!;

    /// <summary>Waits until a message has one of these statuses.</summary>
    public async Task<JsonObject> WaitForAsync(string messageId, params string[] statuses)
    {
        for (var tries = 0; ; tries++)
        {
            var message = await GetAsync($"/api/v1/email/messages/{Uri.EscapeDataString(messageId)}");
            if (statuses.Contains(message["status"]!.GetValue<string>()))
                return message;
            Assert.True(tries < 600, $"The message stayed: {message}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A JSON body.</summary>
    public static StringContent Json(string json) => new(json, System.Text.Encoding.UTF8, "application/json");

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _factory.DisposeAsync();
        Data.Dispose();
    }
}
