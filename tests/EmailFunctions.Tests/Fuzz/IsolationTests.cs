using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EmailFunctions.Ingest;
using EmailFunctions.Payloads;
using EmailFunctions.Payloads.Files;
using EmailFunctions.Providers;
using EmailFunctions.Queueing;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tests.Access;
using EmailFunctions.Tests.Simulation;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Fuzz;

/// <summary>Two tenants call everything, each with what the other has; neither ever gets to the other's.</summary>
public sealed partial class IsolationTests(ITestOutputHelper output)
{
    private const int Calls = 20_000;

    private readonly StoreTrail _trail = new();
    private readonly List<string> _faults = [];
    private readonly SortedDictionary<int, int> _statuses = [];
    private readonly HashSet<ApiOperation> _refused = [];
    private readonly HashSet<ApiOperation> _served = [];

    [Fact]
    public async Task Neither_of_two_tenants_reads_writes_or_sends_what_is_the_others()
    {
        output.WriteLine($"PROOF_SEED={Proof.Seed}");
        var random = new Random(Proof.Seed);
        await using var bench = await StartAsync();
        var operations = ApiSurface.Read(bench.Service.Services, (await bench.GetAsync(token: null, "/openapi/v1.json")).Json);
        var calls = new IsolationCalls(operations, random);
        var tenants = new[] { await EnterAsync(bench, "alder-7f3a"), await EnterAsync(bench, "birch-9c1d") };
        _trail.Take();

        var count = Proof.Count(Calls, 500);
        for (var number = 0; number < count && _faults.Count < 20; number++)
        {
            var (own, foreign) = random.Next(2) == 0 ? (tenants[0], tenants[1]) : (tenants[1], tenants[0]);
            if (random.NextDouble() < 0.05)
                await IngestAsync(bench, calls, operations, own, foreign, random);
            else
                await CallAsync(bench, calls, own, foreign, random);
        }

        output.WriteLine($"{count} calls over {operations.Count} operations; answers by status: {string.Join(", ", _statuses.Select(static pair => $"{pair.Key}: {pair.Value}"))}");
        Assert.True(_faults.Count == 0, string.Join('\n', _faults));
        // It is no proof where everything is refused, or nothing.
        Assert.True(_served.Count >= (Proof.Scale >= 1 ? 24 : 10), string.Join(", ", _served.Select(static operation => operation.Pattern)));
        Assert.True(_refused.Count >= (Proof.Scale >= 1 ? 30 : 20), string.Join(", ", _refused.Select(static operation => operation.Pattern)));
    }

    [Fact]
    public async Task How_long_a_403_takes_says_nothing_either()
    {
        await using var bench = await StartAsync();
        var (own, real) = (await EnterAsync(bench, "alder-7f3a"), await EnterAsync(bench, "birch-9c1d"));
        var times = new[] { new List<double>(), new List<double>() };
        var paths = new[] { $"/api/v1/email/configs/{real.Name}", "/api/v1/email/configs/nobody-0000" };
        for (var number = 0; number < Proof.Count(2_000, 50); number++)
        {
            var started = Stopwatch.GetTimestamp();
            await bench.GetAsync(own.Token, paths[number % 2]);
            times[number % 2].Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }

        // Told, and not judged: a busy machine would decide.
        output.WriteLine($"median of a tenant that exists: {Median(times[0]):F0} µs; of one that does not: {Median(times[1]):F0} µs");
    }

    private Task<AccessBench> StartAsync() => AccessBench.StartAsync(
        services =>
        {
            services.Replace(ServiceDescriptor.Singleton<IEntityTable>(_ => new TrailedTable(new MemoryTable(), _trail)));
            services.Replace(ServiceDescriptor.Singleton<IDeliveryQueue>(new TrailedQueue(_trail)));
            services.Replace(ServiceDescriptor.Singleton<IPayloadStore>(provider => new TrailedPayloads(new FilePayloadStore(Path.Combine(provider.GetRequiredService<DataFolder>().FullPath, "payloads")), _trail)));
            // A line for each message that is parked.
            services.AddLogging(static logging => logging.AddFilter("EmailFunctions", LogLevel.Error));
            services.RemoveAll<IEmailProvider>();
            foreach (var provider in TrailedProvider.All(_trail))
                services.AddSingleton<IEmailProvider>(provider);
        },
        patience: null,
        ("EMAIL_PRODUCER_TENANTS", "alder-7f3a"));

    private static async Task<TenantTrack> EnterAsync(AccessBench bench, string name)
    {
        var token = bench.Issuer.Issue(AccessBench.Audience, new() { ["tenant_id"] = name, ["scope"] = "send read config admin" }, static token => token.Expires = DateTime.UtcNow.AddHours(6));
        var made = await bench.CallAsync(token, HttpMethod.Post, $"/api/v1/email/configs/{name}/api-keys", """{"name":"all","scopes":["send","read","config","admin"]}""");
        Assert.Equal(201, (int)made.Status);
        Assert.Equal(201, (int)(await bench.CallAsync(token, HttpMethod.Post, $"/api/v1/email/configs/{name}", $$"""{"provider_type":"file","from_email":"hello@{{name}}.example"}""")).Status);
        return new TenantTrack(name, token, made.Json["key"]!.GetValue<string>());
    }

    private async Task CallAsync(AccessBench bench, IsolationCalls calls, TenantTrack own, TenantTrack foreign, Random random)
    {
        var (request, operation) = calls.Next(own, foreign);
        using (request)
        {
            // The key that it calls with is not to be ended.
            if (request.Method == HttpMethod.Delete && request.RequestUri!.OriginalString.Contains(own.Key[4..28], StringComparison.Ordinal))
                return;
            var answer = await bench.CallAsync(request);
            var status = (int)answer.Status;
            _statuses[status] = _statuses.GetValueOrDefault(status) + 1;
            if (status < 300)
                _served.Add(operation);
            if (status == 403)
                _refused.Add(operation);
            var touched = Judge($"{own.Name}: {request.Method} {request.RequestUri} {status}", foreign);
            if (status == 403 && touched.Any(line => !line.Contains($"api-keys/{own.KeyPrefix}", StringComparison.Ordinal)))
                _faults.Add($"403 after a look at the store: {request.Method} {request.RequestUri}: {string.Join("; ", touched)}");
            if (status == 401 || foreign.Owns(Echo().Replace(answer.Body, "")))
                _faults.Add($"{request.Method} {request.RequestUri}: {status} {answer.Body}");
            Keep(answer, own, random);
        }
    }

    // A producer says itself for which tenant it sends; the service is told for which it may.
    private async Task IngestAsync(AccessBench bench, IsolationCalls calls, IReadOnlyList<ApiOperation> operations, TenantTrack own, TenantTrack foreign, Random random)
    {
        var body = calls.BodyOf(operations.Single(static operation => operation.Pattern.EndsWith("/send", StringComparison.Ordinal)), own, foreign)!.AsObject();
        body["tenant_id"] = own.Name;
        var name = random.Next(3) == 0 ? foreign.Any("message", random) : $"order-{random.Next(100)}";
        body["message_id"] = name;
        own.See("message", name, random);
        await bench.Service.Services.GetRequiredService<IngestFunction>().RunAsync(new Delivered(Encoding.UTF8.GetBytes(body.ToJsonString()), $"q-{random.Next(100)}", TraceParent: null), TestContext.Current.CancellationToken);
        var touched = Judge($"{own.Name}: ingest {body.ToJsonString()}", foreign);
        if (own.Name != "alder-7f3a" && touched.Any(line => line.Contains($"t-{own.Name}", StringComparison.Ordinal)))
            _faults.Add($"A producer wrote for a tenant that it may not send for: {string.Join("; ", touched)}");
    }

    private List<string> Judge(string call, TenantTrack foreign)
    {
        var touched = _trail.Take();
        foreach (var line in touched.Where(foreign.Owns))
            _faults.Add($"{call}: {line}");
        return touched;
    }

    private static void Keep(Answer answer, TenantTrack own, Random random)
    {
        if (EntityTag().Match(answer.Headers) is { Success: true } tag)
            own.See("etag", tag.Groups[1].Value, random);
        if ((int)answer.Status >= 300 || !answer.Body.StartsWith('{'))
            return;
        JsonNode json;
        try
        {
            json = answer.Json;
        }
        catch (JsonException)
        {
            // Many lines, an object each.
            return;
        }

        if (json["message_id"] is JsonValue message)
            own.See("message", message.GetValue<string>(), random);
        foreach (var result in (json["results"] as JsonArray ?? []).Where(static result => result!["message_id"] is not null))
            own.See("message", result!["message_id"]!.GetValue<string>(), random);
        if (json["next_cursor"] is JsonValue cursor)
            own.See("cursor", cursor.GetValue<string>(), random);
        if (json["key"] is not null)
            own.See("key", json["id"]!.GetValue<string>(), random);
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    [GeneratedRegex("^ETag: (.+?)\\r?$", RegexOptions.Multiline)]
    private static partial Regex EntityTag();

    // A problem names the path that was asked for.
    [GeneratedRegex("\"instance\":\"[^\"]*\"")]
    private static partial Regex Echo();
}
