using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EmailFunctions.Delivery.Local;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace EmailFunctions.Tests.Access;

/// <summary>A service that wants access tokens, and the issuer that it trusts. Mail stays where it was put.</summary>
internal sealed class AccessBench : IAsyncDisposable
{
    public const string Audience = "api://email-functions";

    private AccessBench(FakeIssuer issuer, ServiceHost service, KeptLog log) => (Issuer, Service, Log) = (issuer, service, log);

    public FakeIssuer Issuer { get; }

    public ServiceHost Service { get; }

    /// <summary>What the service has logged.</summary>
    public KeptLog Log { get; }

    /// <summary>The service's store, which counts.</summary>
    public FaultyTable Table => (FaultyTable)Service.Services.GetRequiredService<IEntityTable>();

    /// <summary>Starts both.</summary>
    /// <param name="patience">How long the service waits for the issuer; null: as it does.</param>
    /// <param name="settings">Further settings.</param>
    public static Task<AccessBench> StartAsync(TimeSpan? patience = null, params (string Name, string Value)[] settings) => StartAsync(static _ => { }, patience, settings);

    /// <summary>Starts both, with parts of the service replaced.</summary>
    public static async Task<AccessBench> StartAsync(Action<IServiceCollection> replace, TimeSpan? patience = null, params (string Name, string Value)[] settings)
    {
        var issuer = await FakeIssuer.StartAsync();
        var log = new KeptLog();
        var all = new Dictionary<string, string>
        {
            ["EMAIL_AUTH"] = "required",
            ["EMAIL_AUTH_AUTHORITY"] = issuer.Address,
            ["EMAIL_AUTH_AUDIENCE"] = Audience,
        };
        foreach (var (name, value) in settings)
            all[name] = value;
        return new AccessBench(issuer, ServiceHost.Start(all, Replace), log);

        void Replace(IServiceCollection services)
        {
            services.AddSingleton<ILoggerProvider>(log);
            // They would read and write while a test counts.
            foreach (var service in services.Where(static service => service.ImplementationType == typeof(LocalPump) || service.ImplementationType == typeof(LocalTimers)).ToList())
                services.Remove(service);
            var table = services.Last(static service => service.ServiceType == typeof(IEntityTable)).ImplementationType!;
            services.AddSingleton<IEntityTable>(provider => new FaultyTable((IEntityTable)ActivatorUtilities.CreateInstance(provider, table)));
            if (patience is { } time)
                services.Configure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, options => options.BackchannelTimeout = time);
            replace(services);
        }
    }

    /// <summary>A tenant's token.</summary>
    public string TokenOf(string tenant, Action<SecurityTokenDescriptor>? change = null) => Issuer.Issue(Audience, new() { ["tenant_id"] = tenant }, change);

    /// <summary>An admin's token.</summary>
    public string AdminToken(Action<SecurityTokenDescriptor>? change = null) => Issuer.Issue(Audience, new() { ["roles"] = new[] { "reader", "admin" } }, change);

    /// <summary>Calls the service.</summary>
    public async Task<Answer> CallAsync(string? token, HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = json is null ? null : ServiceHost.Json(json) };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await CallAsync(request);
    }

    public async Task<Answer> CallAsync(HttpRequestMessage request)
    {
        using var answer = await Service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return new Answer(answer.StatusCode, $"{answer.Headers}{answer.Content.Headers}", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public Task<Answer> GetAsync(string? token, string path) => CallAsync(token, HttpMethod.Get, path);

    public Task<Answer> SendAsync(string? token, string? tenant) => CallAsync(
        token, HttpMethod.Post, "/api/v1/email/send", $$"""{{{(tenant is null ? "" : $"\"tenant_id\":\"{tenant}\",")}}"to":["you@example.com"],"subject":"Hello","body":"Hello."}""");

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Issuer.DisposeAsync();
    }
}

/// <summary>What came back.</summary>
internal sealed partial record Answer(HttpStatusCode Status, string Headers, string Body)
{
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();

    /// <summary>The body, byte by byte, but for what is another one with each request.</summary>
    public string BodyWithoutTrace => OfRequest().Replace(Body, "\"$1\":\"\"");

    public void AssertUnauthenticated()
    {
        Assert.True(Status == HttpStatusCode.Unauthorized, $"{Status} {Body}");
        Assert.Contains("WWW-Authenticate: Bearer", Headers, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/problem+json", Headers, StringComparison.Ordinal);
        Assert.Equal("urn:email-functions:problem:unauthenticated", Json["type"]!.GetValue<string>());
    }

    [GeneratedRegex("\"(instance|trace_id)\":\"[^\"]*\"")]
    private static partial Regex OfRequest();
}

/// <summary>Keeps every line that is logged, exceptions included.</summary>
internal sealed class KeptLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public string Text => string.Join('\n', _lines);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
