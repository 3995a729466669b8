using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.DeadLetters;

/// <summary>A bench whose messages die at their first attempt as long as the provider says so.</summary>
internal sealed class DeadBench : IAsyncDisposable
{
    public const string Path = "/api/v1/admin/email/dead-letters";

    public DeadBench(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string> { ["EMAIL_RETRY_MAX_ATTEMPTS"] = "1", ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "0" };
        foreach (var (name, value) in settings)
            all[name] = value;
        Bench = new DeliveryBench(all);
    }

    public DeliveryBench Bench { get; }

    /// <summary>Accepts a message and lets its only attempt fail.</summary>
    public async Task<MessageId> DieAsync(string tenant = "acme", ErrorCategory category = ErrorCategory.Network, int bodyBytes = 10)
    {
        // Each has a place in time of its own, and so far apart they don't open the provider's breaker.
        Bench.Clock.Advance(TimeSpan.FromMinutes(1));
        Bench.Provider.Answer = _ => SendResult.Failed(SendStatus.Transient, category, "no route");
        var id = await Bench.AcceptAsync(bodyBytes: bodyBytes, tenant: TenantId.TryParse(tenant, out var parsed) ? parsed : null);
        await Bench.DispatchAsync(id);
        Assert.Equal(MessageStatus.DeadLettered, (await Bench.ReadAsync(id)).Status);
        return id;
    }

    /// <summary>Reads one page.</summary>
    public async Task<JsonObject> ListAsync(string query = "") =>
        (await Bench.Client.GetFromJsonAsync<JsonObject>(Path + query, TestContext.Current.CancellationToken))!;

    /// <summary>The ids on a page.</summary>
    public static IEnumerable<string> Ids(JsonObject page) => page["dead_letters"]!.AsArray().Select(static letter => letter!["message_id"]!.GetValue<string>());

    /// <summary>Replays by filter.</summary>
    public async Task<JsonObject> ReplayAsync(string filter) => (await Bench.Client.MustAsync(HttpMethod.Post, Path + "/replay", filter))!.AsObject();

    /// <summary>Calls a path without a body.</summary>
    public async Task<HttpStatusCode> CallAsync(HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        using var answer = await Bench.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    public ValueTask DisposeAsync() => Bench.DisposeAsync();
}
