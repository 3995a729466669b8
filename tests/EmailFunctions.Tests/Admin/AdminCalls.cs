using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Admin;

/// <summary>What these tests ask of a bench over HTTP.</summary>
internal static class AdminCalls
{
    /// <summary>Reads one of the admin's paths.</summary>
    public static async Task<JsonObject> ReadAdminAsync(this DeliveryBench bench, string path) =>
        (await bench.Client.GetFromJsonAsync<JsonObject>("/api/v1/admin/email/" + path, TestContext.Current.CancellationToken))!;

    /// <summary>Saves a configuration that sends through the bench's provider of this type.</summary>
    public static Task SaveConfigAsync(this DeliveryBench bench, string tenant, string type = "file", string further = "") => bench.Client.ConfigureAsync(
        tenant,
        type == "smtp"
            ? $$"""{"provider_type":"smtp","smtp_host":"mail.example.com","smtp_username":"u","smtp_password":"canary-password","from_email":"a@example.com"{{further}}}"""
            : $$"""{"provider_type":"{{type}}","from_email":"a@example.com"{{further}}}""");

    /// <summary>A text of each element of a list.</summary>
    public static List<string> Texts(this JsonObject page, string list, string field) => [.. page[list]!.AsArray().Select(item => item![field]!.GetValue<string>())];
}
