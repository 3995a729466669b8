using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Queueing;
using EmailFunctions.Queueing.Sqlite;
using EmailFunctions.Storage;
using EmailFunctions.Storage.Sqlite;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace EmailFunctions.Tests.Delivery.Engine;

/// <summary>Nothing else may run meanwhile, since memory is measured.</summary>
[CollectionDefinition(nameof(SoakTests), DisableParallelization = true)]
public sealed class SoakAlone;

/// <summary>
/// The whole service in local mode, on its real store, queue and pump, under load while one call of twenty fails. Its clock runs
/// thirty times as fast, so that what a sweep has to find is found in seconds.
/// </summary>
[Collection(nameof(SoakTests))]
public sealed class SoakTests(ITestOutputHelper output)
{
    private const int Tenants = 50;
    private const int Quarters = 4;
    private const int Clients = 16;
    private const int Speed = 30;
    private const double Faults = 0.05;

    // More than a row holds, so that the payload store takes part.
    private const int LargeBody = 60 * 1024;
    private const int LargeEvery = 40;

    // What a quarter may leave: the runtime's own caches still grow a little.
    private const long MemoryTolerance = 4 * 1024 * 1024;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly FastClock _clock = new(Speed);
    private readonly SoakFaults _faults = new(Proof.Seed, Faults);

    [Fact]
    public async Task Ten_thousand_messages_pass_through_faults_and_leave_nothing_behind()
    {
        var watch = Stopwatch.StartNew();
        var quarter = Proof.Count(10_000, minimum: 800) / Quarters;
        var messages = quarter * Quarters;
        var provider = new SoakProvider(messages, _faults);
        await using var host = Start(provider);
        await ConfigureAsync(host);
        _faults.AreOn = true;
        var memory = new List<long>();
        for (var number = 0; number < Quarters; number++)
        {
            await SendAsync(host, number * quarter, quarter);
            var sent = watch.Elapsed;
            // The last few come to their end in the next quarter.
            await WaitAsync(host, mayBeOpen: quarter / 100);
            memory.Add(GC.GetTotalMemory(forceFullCollection: true));
            output.WriteLine($"Quarter {number + 1} of {messages} messages: {memory[^1] / 1024.0 / 1024:F1} MiB, {_faults.Count} faults, {watch.Elapsed}, of which {watch.Elapsed - sent} after the last was accepted");
        }

        await WaitAsync(host, mayBeOpen: 0);
        _faults.AreOn = false;
        output.WriteLine($"Nothing is open after {watch.Elapsed}");
        CheckArrivals(host, provider, messages);
        Assert.All(memory, used => Assert.True(used <= memory[0] + MemoryTolerance, $"Memory grew: {string.Join(", ", memory)} (PROOF_SEED={Proof.Seed})"));
        await CheckPayloadsAsync(host);
        output.WriteLine($"PROOF_SEED={Proof.Seed}, {watch.Elapsed} in all");
    }

    private ServiceHost Start(SoakProvider provider)
    {
        var settings = new Dictionary<string, string> { ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "0" };
        return ServiceHost.Start(settings, services =>
        {
            services.AddLogging(static logging => logging.ClearProviders());
            services.Replace(ServiceDescriptor.Singleton<TimeProvider>(_clock));
            services.Replace(ServiceDescriptor.Singleton<IEntityTable>(parts => new SoakTable(new SqliteEntityTable(parts.GetRequiredService<SqliteDatabase>()), _faults)));
            services.AddSingleton(parts => new SoakQueue(parts.GetRequiredService<SqliteQueue>(), _faults));
            services.Replace(ServiceDescriptor.Singleton<IDeliveryQueue>(static parts => parts.GetRequiredService<SoakQueue>()));
            services.Replace(ServiceDescriptor.Singleton<IQueueReceiver>(static parts => parts.GetRequiredService<SoakQueue>()));
            services.RemoveAll<IEmailProvider>();
            services.AddSingleton<IEmailProvider>(provider);
        });
    }

    // Half of the tenants have limits, so that their mail takes the other way; they are higher than what comes.
    private static async Task ConfigureAsync(ServiceHost host)
    {
        for (var tenant = 0; tenant < Tenants; tenant += 2)
            await host.Client.ConfigureAsync(Name(tenant), """{"provider_type":"file","from_email":"a@example.com","rate_limit_per_minute":100000}""");
    }

    private static string Name(int tenant) => $"tenant-{tenant}";

    private static Task SendAsync(ServiceHost host, int first, int count)
    {
        var next = first - 1;
        return Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            for (var number = Interlocked.Increment(ref next); number < first + count; number = Interlocked.Increment(ref next))
                await SendAsync(host, number);
        })));
    }

    // A client that got no answer asks again, with the same key.
    private static async Task SendAsync(ServiceHost host, int number)
    {
        var json = new JsonObject
        {
            ["tenant_id"] = Name(number % Tenants),
            ["to"] = new JsonArray($"to-{number}@example.com"),
            ["subject"] = $"{number}",
            ["body"] = number % LargeEvery == 0 ? new string('x', LargeBody) : "Hello.",
        }.ToJsonString();
        while (true)
        {
            using var answer = await host.Client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/send", json, $"key-{number}");
            if (answer.StatusCode == HttpStatusCode.Accepted)
                return;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        }
    }

    private async Task WaitAsync(ServiceHost host, int mayBeOpen)
    {
        var data = new DataFiles(host.Data.FullPath);
        var waiting = Stopwatch.StartNew();
        while (data.CountOpen() is var open && data.CountQueued() is var queued && (open > mayBeOpen || (mayBeOpen == 0 && queued > 0)))
        {
            // Nothing is in hand: what is open waits for a sweep, or for the end of a claim, and that may be minutes.
            if (queued == 0)
                _clock.Skip(TimeSpan.FromMinutes(1));
            Assert.True(waiting.Elapsed < Deadline, $"{open} messages are open and {queued} copies on the queue (PROOF_SEED={Proof.Seed}).");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private void CheckArrivals(ServiceHost host, SoakProvider provider, int messages)
    {
        var lost = provider.Taken.Count(static taken => taken == 0);
        Assert.True(lost == 0, $"{lost} messages were lost (PROOF_SEED={Proof.Seed}).");
        // Twice only where the provider took a message and did not say so.
        Assert.Equal(messages + provider.Unseen, provider.Taken.Sum());
        Assert.Equal(new Dictionary<MessageStatus, int> { [MessageStatus.Sent] = messages }, new DataFiles(host.Data.FullPath).CountByStatus());
        output.WriteLine($"{messages} sent, 0 lost, {provider.Unseen} twice, since the provider took them without a word; {_faults.Count} faults");
    }

    // A write that is not known to have taken place may leave its payload. What it leaves is removed once it is old enough to be nobody's.
    private async Task CheckPayloadsAsync(ServiceHost host)
    {
        var data = new DataFiles(host.Data.FullPath);
        output.WriteLine($"{data.Payloads.Length} payloads were left to the sweep");
        foreach (var payload in data.Payloads)
            File.SetLastWriteTimeUtc(payload, DateTime.UtcNow.AddHours(-2));
        var sweep = host.Services.GetRequiredService<PayloadSweep>();
        while (!(await sweep.RunAsync(TestContext.Current.CancellationToken)).IsComplete)
        {
        }

        Assert.Empty(data.Payloads);
    }
}
