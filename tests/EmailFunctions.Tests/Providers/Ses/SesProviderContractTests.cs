using System.Text.Json;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Http;

namespace EmailFunctions.Tests.Providers.Ses;

public sealed class SesProviderContractTests : VendorContract
{
    private protected override (VendorReply Sent, VendorReply Healthy) Replies => (SesBench.Accepted, VendorReply.Answer(200, """{"SendingEnabled":true}"""));

    private protected override bool TakesInternationalAddresses => false;

    private protected override Task<VendorBench> StartAsync() => SesBench.StartAsync();

    private protected override ArrivedEmail Read(VendorRequest request)
    {
        var json = request.Json();
        var destination = json.GetProperty("Destination");
        return ArrivedEmail.OfMime(
            json.GetProperty("Content").GetProperty("Raw").GetProperty("Data").GetBytesFromBase64(),
            [.. Strings(destination, "ToAddresses"), .. Strings(destination, "CcAddresses"), .. Strings(destination, "BccAddresses")]);
    }

    private static IEnumerable<string> Strings(JsonElement element, string name) =>
        element.TryGetProperty(name, out var list) ? list.EnumerateArray().Select(static item => item.GetString()!) : [];
}
