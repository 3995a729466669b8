using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using EmailFunctions.Composition;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Fuzz;

/// <summary>Requests of all shapes at every route, over real HTTP: none fails, hangs, or leaves anything in memory.</summary>
public sealed class RequestFuzzTests(ITestOutputHelper output)
{
    private const int Requests = 100_000;
    private const int Workers = 4;
    private const long Flat = 32 << 20;

    // On a machine that others use, too.
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<string> _faults = new();
    private readonly ConcurrentDictionary<string, int> _answers = new();

    [Fact]
    public async Task No_request_makes_the_service_fail_hang_or_grow()
    {
        output.WriteLine($"PROOF_SEED={Proof.Seed}");
        using var folder = new TempFolder();
        await using var app = await StartAsync(folder);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8 }) { BaseAddress = new Uri(app.Urls.Single()), Timeout = LongestAnswer };
        var document = (await client.GetFromJsonAsync<JsonObject>(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken))!;
        var operations = ApiSurface.Read(app.Services, document);
        var mutations = new RequestMutations(operations, await AcceptSomeAsync(client));

        var (count, heaps, started) = (Proof.Count(Requests, 2_000), new List<long>(), Stopwatch.StartNew());
        for (var quarter = 0; quarter < 4; quarter++)
        {
            await RunAsync(client, mutations, count * quarter / 4, count * (quarter + 1) / 4);
            heaps.Add(GC.GetTotalMemory(forceFullCollection: true));
        }

        output.WriteLine($"{count} requests over {operations.Count} operations in {started.Elapsed.TotalSeconds:F0} s; answers: {string.Join(", ", _answers.OrderBy(static pair => pair.Key).Select(static pair => $"{pair.Key}: {pair.Value}"))}");
        output.WriteLine($"managed heap after each quarter, MiB: {string.Join(", ", heaps.Select(static bytes => (bytes >> 20).ToString(System.Globalization.CultureInfo.InvariantCulture)))}");
        Assert.True(_faults.IsEmpty, string.Join('\n', _faults.Take(20)));
        Assert.True(heaps[3] - heaps[0] < Flat, string.Join(", ", heaps));
        // It is no proof where all is refused at the door.
        Assert.True(_answers.Where(static pair => pair.Key[0] == '2').Sum(static pair => pair.Value) > count / 50);
        // A body that is refused before its end may break the connection on which its sender is still writing.
        Assert.True(_answers.Where(static pair => pair.Key.StartsWith("cut off", StringComparison.Ordinal)).Sum(static pair => pair.Value) <= count / 50);
    }

    private async Task RunAsync(HttpClient client, RequestMutations mutations, int first, int end)
    {
        var next = first - 1;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(async () =>
        {
            for (var number = Interlocked.Increment(ref next); number < end && _faults.Count < 20; number = Interlocked.Increment(ref next))
                await AskAsync(client, mutations.Make(Proof.Seed, number), number);
        })));
    }

    private async Task AskAsync(HttpClient client, FuzzRequest request, int number)
    {
        try
        {
            using var message = request.ToMessage(client.BaseAddress!);
            using var answer = await client.SendAsync(message, HttpCompletionOption.ResponseContentRead, TestContext.Current.CancellationToken);
            var status = (int)answer.StatusCode;
            Count(status.ToString(System.Globalization.CultureInfo.InvariantCulture));
            // A request line with more than ASCII the web server takes for one of another version of HTTP, and refuses before the service sees it.
            if (status >= 500 && (status != 505 || Ascii.IsValid(request.Target)))
                _faults.Enqueue($"{number}: {status} {request}");
            else if (status >= 400 && answer.Content.Headers.ContentLength > 0 && answer.Content.Headers.ContentType?.MediaType != "application/problem+json")
                _faults.Enqueue($"{number}: {status} without a problem {request}");
        }
        catch (TaskCanceledException)
        {
            _faults.Enqueue($"{number}: no answer {request}");
        }
        catch (HttpRequestException exception)
        {
            Count($"cut off ({exception.HttpRequestError})");
        }
        catch (Exception exception) when (exception is UriFormatException or FormatException or ArgumentException or NotSupportedException or InvalidOperationException)
        {
            Count("not sendable");
        }
    }

    private void Count(string answer) => _answers.AddOrUpdate(answer, 1, static (_, count) => count + 1);

    private static async Task<IReadOnlyList<string>> AcceptSomeAsync(HttpClient client)
    {
        await client.ConfigureAsync("acme", """{"provider_type":"file","from_email":"hello@acme.example","rate_limit_per_minute":0}""");
        var ids = new List<string> { "acme~00000000000000000000000000000000", "order-7" };
        for (var number = 0; number < 20; number++)
            ids.Add(await client.AcceptAsync("""{"tenant_id":"acme","to":["you@example.com"],"subject":"Hello","body":"Hello."}"""));
        return ids;
    }

    // Whoever calls is an admin, so that requests get as far as they can.
    private static async Task<WebApplication> StartAsync(TempFolder folder)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["EMAIL_DATA_DIR"] = folder.FullPath, ["ASPNETCORE_URLS"] = "http://127.0.0.1:0" });
        builder.AddEmailFunctions();
        builder.Logging.ClearProviders();
        // No mail goes out, and nothing is asked of any server.
        foreach (var service in builder.Services.Where(static service => service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Assembly == typeof(Program).Assembly).ToList())
            builder.Services.Remove(service);
        builder.Services.RemoveAll<IEmailProvider>();
        foreach (var provider in TrailedProvider.All(trail: null))
            builder.Services.AddSingleton<IEmailProvider>(provider);
        var app = builder.Build();
        app.MapEmailFunctions();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
