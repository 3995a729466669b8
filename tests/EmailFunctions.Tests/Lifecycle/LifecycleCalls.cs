using System.Net;
using System.Text.Json.Nodes;
using EmailFunctions.Lifecycle;
using EmailFunctions.Sweeps;
using EmailFunctions.Tests.Sending;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Lifecycle;

/// <summary>What tests of suspended and leaving tenants ask of a bench.</summary>
internal static class LifecycleCalls
{
    private const string Tenants = "/api/v1/admin/email/tenants/";

    public static Task<JsonNode?> SuspendAsync(this DeliveryBench bench, string tenant = "acme", string reason = "to be looked into") =>
        bench.Client.MustAsync(HttpMethod.Post, $"{Tenants}{tenant}/suspend", $$"""{"reason":"{{reason}}"}""");

    public static Task<JsonNode?> ResumeAsync(this DeliveryBench bench, string tenant = "acme") => bench.Client.MustAsync(HttpMethod.Post, $"{Tenants}{tenant}/resume", "");

    public static Task<JsonNode?> OffboardAsync(this DeliveryBench bench, string tenant = "acme") => bench.Client.MustAsync(HttpMethod.Delete, Tenants + tenant, "");

    /// <summary>The tenant's state.</summary>
    public static async Task<string> StateAsync(this DeliveryBench bench, string tenant = "acme") => (await bench.Client.MustAsync(HttpMethod.Get, Tenants + tenant, ""))!.Text("state");

    /// <summary>The status of an answer.</summary>
    public static async Task<HttpStatusCode> StatusOfAsync(this DeliveryBench bench, HttpMethod method, string path, string json = "")
    {
        using var answer = await bench.Client.SendJsonAsync(method, path, json);
        return answer.StatusCode;
    }

    /// <summary>Runs the sweep of tenants until it has no more to do at present.</summary>
    public static async Task SweepTenantsAsync(this DeliveryBench bench)
    {
        while (!(await bench.Get<TenantSweep>().RunAsync(TestContext.Current.CancellationToken)).IsComplete)
        {
            // It goes on.
        }
    }

    /// <summary>Runs all sweeps once.</summary>
    public static async Task SweepAllAsync(this DeliveryBench bench)
    {
        foreach (var sweep in bench.Get<IEnumerable<ISweep>>())
            await sweep.RunAsync(TestContext.Current.CancellationToken);
    }
}
